import type { RunSummary } from "../store/summary.ts";
import { compareAccuracy, type Learning, learned, type PairedComparison } from "./accuracy.ts";
import { newestAlike } from "./alike.ts";
import { type Difference, differences, type Factor, parseFactors } from "./comparable.ts";
import { compareTiming, type Timing } from "./timing.ts";

export interface CompareArgs {
  baseline: string;
  candidate: string;
  /** What the arms may differ in, separated by commas. */
  factor: string;
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
  /** Earlier runs under other conditions, left out. */
  numOlder: { baseline: number; candidate: number };
  timing: Timing | null;
  accuracy: PairedComparison | "not comparable" | null;
  learning: Learning[];
}

export interface Comparison extends CompareArgs {
  experiments: ExperimentComparison[];
  /** The candidate is slower or less accurate in some experiment. */
  regression: boolean;
}

/** Compares two arms within each experiment that has runs of both; runs come oldest first. */
export function compareArms(runs: readonly RunSummary[], args: CompareArgs): Comparison {
  const groups = Map.groupBy(
    runs.filter(({ arm }) => arm === args.baseline || arm === args.candidate),
    ({ experiment }) => experiment,
  );
  const experiments = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([experiment, found]) => {
      const of = (arm: string) => found.filter((run) => run.arm === arm);
      const [baseline, candidate] = [of(args.baseline), of(args.candidate)];
      return baseline.length === 0 || candidate.length === 0
        ? []
        : [compareExperiment(experiment, baseline, candidate, args)];
    });
  const regression = experiments.some(
    ({ timing, accuracy }) =>
      timing?.verdict === "slower" ||
      (accuracy !== null && accuracy !== "not comparable" && accuracy.verdict === "less accurate"),
  );
  return { ...args, experiments, regression };
}

function compareExperiment(
  experiment: string,
  allBaseline: readonly RunSummary[],
  allCandidate: readonly RunSummary[],
  args: CompareArgs,
): ExperimentComparison {
  const [baseline, candidate] = [newestAlike(allBaseline), newestAlike(allCandidate)];
  const factors: Factor[] = parseFactors(args.factor, [baseline, candidate]);
  const found = differences(baseline, candidate, factors);
  const numOlder = { baseline: baseline.numOlder, candidate: candidate.numOlder };
  if (found.length > 0)
    return { experiment, differences: found, numOlder, timing: null, accuracy: null, learning: [] };
  const learning = [
    learned(args.baseline, baseline.runs, args.accuracyMargin),
    learned(args.candidate, candidate.runs, args.accuracyMargin),
  ].filter((entry) => entry !== null);
  return {
    experiment,
    differences: [],
    numOlder,
    timing: compareTiming(baseline.runs, candidate.runs, args.timingMargin),
    accuracy: compareAccuracy(baseline.runs, candidate.runs, args.accuracyMargin),
    learning,
  };
}

/**
 * The experiment's name, without label, that a comparison is about when none was named: the newest one that both arms
 * have runs of. null when there is none.
 */
export function newestExperiment(runs: readonly RunSummary[], arms: readonly string[]): string | null {
  const seen = new Map<string, Set<string>>();
  for (const run of runs.toReversed()) {
    const [name = ""] = run.experiment.split("/");
    const found = seen.get(name) ?? new Set();
    seen.set(name, found.add(run.arm));
    if (arms.every((arm) => found.has(arm))) return name;
  }
  return null;
}
