import { median, toSample } from "./statistics/median.ts";
import type { RunSummary } from "./store/summary.ts";

/** Seconds a run of an arm will take: the median of what its runs of this experiment took, null when there is none. */
export function estimateSeconds(
  earlier: readonly RunSummary[],
  experiment: string,
  arm: string,
): number | null {
  const sample = toSample(
    earlier
      .filter((run) => run.outcome === "ok" && run.experiment === experiment && run.arm === arm)
      .map((run) => run.totalSeconds),
  );
  return sample === null ? null : median(sample);
}
