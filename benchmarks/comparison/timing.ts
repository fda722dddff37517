import { type Interval, intervalOf, resampleRatios } from "../statistics/bootstrap.ts";
import { detectableRatio } from "../statistics/detectable.ts";
import { equivalenceConfidence, isEquivalent } from "../statistics/equivalence.ts";
import { mannWhitney } from "../statistics/mannWhitney.ts";
import { median, toSample } from "../statistics/median.ts";
import type { RunSummary } from "../store/summary.ts";

/** A judgement is one of these words, and "we cannot tell" is among them. */
export type TimingVerdict = "faster" | "slower" | "no difference found" | "equivalent" | "not enough runs";

/** Runs an arm below which nothing is concluded: 3 against 3 cannot reach p = 0.05, 4 against 4 hardly. */
export const minRuns = 5;

/** How an arm's runs came out. */
export interface ArmTiming {
  numRuns: number;
  numFailed: number;
  /** Median seconds of the train phase, of runs with outcome ok. */
  medianSeconds: number | null;
  medianStepSeconds: number | null;
  tokensPerSecond: number | null;
}

export interface Timing {
  baseline: ArmTiming;
  candidate: ArmTiming;
  /** Median train seconds, candidate over baseline: below 1 the candidate is faster. Null below two runs an arm. */
  ratio: Interval | null;
  /** Two-sided, Mann and Whitney. */
  p: number | null;
  /** Smallest relative difference these runs could have shown in 4 of 5 experiments. */
  detectable: number | null;
  verdict: TimingVerdict;
}

/** Compares train seconds: a difference must show in the interval of the ratio and in the rank test. */
export function compareTiming(
  baseline: readonly RunSummary[],
  candidate: readonly RunSummary[],
  margin: number,
): Timing {
  const [below, above] = [secondsOf(baseline), secondsOf(candidate)];
  const [one, other] = [toSample(below), toSample(above)];
  const arms = { baseline: describe(baseline), candidate: describe(candidate) };
  if (one === null || other === null || one.length < 2 || other.length < 2) {
    return { ...arms, ratio: null, p: null, detectable: null, verdict: "not enough runs" };
  }
  const resampled = resampleRatios(one, other);
  const ratio = intervalOf(resampled, 0.95);
  const { p } = mannWhitney(one, other);
  const detectable = detectableRatio(one, other);
  const outside = ratio.low > 1 || ratio.high < 1;
  let verdict: TimingVerdict = "no difference found";
  if (one.length < minRuns || other.length < minRuns) verdict = "not enough runs";
  else if (outside && p < 0.05) verdict = ratio.estimate < 1 ? "faster" : "slower";
  else {
    const narrow = intervalOf(resampled, equivalenceConfidence);
    const logs = {
      ...narrow,
      estimate: Math.log(narrow.estimate),
      low: Math.log(narrow.low),
      high: Math.log(narrow.high),
    };
    if (isEquivalent(logs, Math.log1p(margin))) verdict = "equivalent";
  }
  return { ...arms, ratio, p, detectable, verdict };
}

function secondsOf(runs: readonly RunSummary[]): number[] {
  return runs
    .filter((run) => run.outcome === "ok")
    .flatMap((run) => (run.trainSeconds === null ? [] : [run.trainSeconds]));
}

function describe(runs: readonly RunSummary[]): ArmTiming {
  const ok = runs.filter((run) => run.outcome === "ok" && run.trainSeconds !== null);
  const middle = (values: (number | null)[]) => {
    const sample = toSample(values.filter((value) => value !== null));
    return sample === null ? null : median(sample);
  };
  return {
    numRuns: runs.length,
    numFailed: runs.filter((run) => run.outcome !== "ok").length,
    medianSeconds: middle(ok.map((run) => run.trainSeconds)),
    medianStepSeconds: middle(ok.map((run) => run.medianStepSeconds)),
    tokensPerSecond: middle(ok.map((run) => (run.trainSeconds ? run.tokens / run.trainSeconds : null))),
  };
}
