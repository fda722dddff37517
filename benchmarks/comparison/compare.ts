import type { RunSummary } from "../store/summary.ts";
import { compareAccuracy, type Learning, learned, type PairedComparison } from "./accuracy.ts";
import { type Difference, differences, type Factor } from "./comparable.ts";
import { compareTiming, type Timing } from "./timing.ts";

export interface CompareArgs {
  baseline: string;
  candidate: string;
  factor: Factor;
  /** Difference in accuracy that counts as none, in shares. */
  accuracyMargin: number;
  /** Relative difference in time that counts as none. */
  timingMargin: number;
}

/** One experiment's comparison: `first-look/timing` and `first-look/accuracy` are two. */
export interface ExperimentComparison {
  experiment: string;
  /** Non-empty: the runs must not be compared, and nothing below is computed. */
  differences: Difference[];
  timing: Timing | null;
  accuracy: PairedComparison | "not comparable" | null;
  learning: Learning[];
}

export interface Comparison extends CompareArgs {
  experiments: ExperimentComparison[];
  /** The candidate is slower or less accurate in some experiment. */
  regression: boolean;
}

/** Compares two arms within each experiment that has runs of both. */
export function compareArms(runs: readonly RunSummary[], args: CompareArgs): Comparison {
  const of = (experiment: string, arm: string) =>
    runs.filter((run) => run.experiment === experiment && run.arm === arm);
  const names = [...new Set(runs.map((run) => run.experiment))].sort();
  const experiments = names.flatMap((experiment): ExperimentComparison[] => {
    const [baseline, candidate] = [of(experiment, args.baseline), of(experiment, args.candidate)];
    if (baseline.length === 0 || candidate.length === 0) return [];
    const found = differences(baseline, candidate, args.factor);
    if (found.length > 0)
      return [{ experiment, differences: found, timing: null, accuracy: null, learning: [] }];
    const learning = [
      learned(args.baseline, baseline, args.accuracyMargin),
      learned(args.candidate, candidate, args.accuracyMargin),
    ].filter((entry) => entry !== null);
    return [
      {
        experiment,
        differences: [],
        timing: compareTiming(baseline, candidate, args.timingMargin),
        accuracy: compareAccuracy(baseline, candidate, args.accuracyMargin),
        learning,
      },
    ];
  });
  const regression = experiments.some(
    ({ timing, accuracy }) =>
      timing?.verdict === "slower" ||
      (accuracy !== null && accuracy !== "not comparable" && accuracy.verdict === "less accurate"),
  );
  return { ...args, experiments, regression };
}
