import type { BadRecord } from "./store.ts";
import type { RunSummary } from "./summary.ts";

/** Which runs; each part that is left out lets all through. */
export interface RunFilter {
  /** Its name, or `<name>/<label>`. */
  experiment?: string | undefined;
  scenario?: string | undefined;
  stack?: string | undefined;
  arms?: readonly string[] | undefined;
}

/** What a records directory holds. */
export interface Summaries {
  /** Oldest first. */
  runs: RunSummary[];
  /** Files that are no record, passed over. */
  bad: BadRecord[];
}

/** Whether a filter lets runs through that have this in common. */
export function letsKind(
  { experiment, scenario, stack, arms }: RunFilter,
  run: Pick<RunSummary, "experiment" | "scenario" | "stack" | "arm">,
): boolean {
  return (
    (experiment === undefined ||
      run.experiment === experiment ||
      run.experiment.startsWith(`${experiment}/`)) &&
    (scenario === undefined || run.scenario === scenario) &&
    (stack === undefined || run.stack === stack) &&
    (arms === undefined || arms.includes(run.arm))
  );
}
