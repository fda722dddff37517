import type { PairedComparison, Score } from "../comparison/accuracy.ts";
import type { Timing } from "../comparison/timing.ts";
import type { Interval } from "../statistics/bootstrap.ts";

/** Numbers as a reader says them; a value that does not exist is a dash, never a zero. */
export const seconds = (value: number | null): string =>
  value === null ? "-" : `${value < 10 ? value.toFixed(2) : value.toFixed(1)} s`;
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
export const points = (share: number): string => `${share >= 0 ? "+" : ""}${(100 * share).toFixed(1)} points`;
export const probability = (p: number): string => (p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`);
export const interval = ({ low, high }: Interval, show: (value: number) => string): string =>
  `[${show(low)}, ${show(high)}]`;

/** An accuracy with its interval: "97.2 % [95.5 %, 98.2 %]". */
export const accuracy = (estimate: Interval): string =>
  `${percent(estimate.estimate)} ${interval(estimate, percent)}`;

/** A score by letter, with the answers that named none. */
export function letters({ byLetter, numQuestions }: Score): string {
  if (byLetter === null) return "-";
  const { accuracy: estimate, numUnparseable } = byLetter;
  return `${accuracy(estimate)}${numUnparseable > 0 ? `, ${numUnparseable} of ${numQuestions} named no letter` : ""}`;
}

/** The timing verdict as one sentence about the candidate. */
export function timingSentence(
  timing: Timing,
  { baseline, candidate, margin }: { baseline: string; candidate: string; margin: number },
): string {
  const { ratio, p, detectable, verdict } = timing;
  const runs = `${timing.baseline.numRuns - timing.baseline.numFailed} and ${timing.candidate.numRuns - timing.candidate.numFailed} runs`;
  if (ratio === null || p === null)
    return `not enough runs: ${runs}; five an arm are the least that can show a difference`;
  const figures = `${candidate} takes ${ratio.estimate.toFixed(3)} times as long as ${baseline}, 95 % interval ${interval(ratio, (value) => value.toFixed(3))}, ${probability(p)}, ${runs}`;
  if (verdict === "no difference found" && detectable !== null) {
    return `no difference found: ${figures}; the smallest difference these runs could have shown is ${percent(detectable)}`;
  }
  if (verdict === "not enough runs")
    return `not enough runs: ${figures}; five an arm are the least that can show a difference`;
  if (verdict === "equivalent") return `equivalent within ${percent(margin)}: ${figures}`;
  return `${verdict}: ${figures}`;
}

/** A paired comparison of accuracy as one sentence. */
export function accuracySentence(found: PairedComparison, margin: number): string {
  const { verdict, difference, p, counts, detectable, bySubject } = found;
  const subjects = bySubject === null ? "" : `, ${interval(bySubject, points)} when subjects err together`;
  const figures = `${points(difference.estimate)}, 95 % interval ${interval(difference, points)}${subjects}, McNemar ${probability(p)}, ${counts.onlyBaseline} and ${counts.onlyCandidate} questions only one of them has right`;
  if (verdict === "equivalent") return `equivalent within ${(100 * margin).toFixed(1)} points: ${figures}`;
  if (verdict === "no difference found")
    return `no difference found: ${figures}; the smallest difference these questions could have shown is ${points(detectable)}`;
  return `${verdict}: ${figures}`;
}
