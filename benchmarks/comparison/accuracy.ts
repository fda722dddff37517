import type { Interval } from "../statistics/bootstrap.ts";
import { detectableDifference } from "../statistics/detectable.ts";
import { equivalenceConfidence, isEquivalent } from "../statistics/equivalence.ts";
import {
  clusteredDifference,
  countPairs,
  mcnemar,
  type PairedCounts,
  pairedDifference,
} from "../statistics/paired.ts";
import { wilsonInterval } from "../statistics/proportion.ts";
import {
  type EvaluationSummary,
  letterParsed,
  letterRight,
  type RunSummary,
  right,
} from "../store/summary.ts";

export type AccuracyVerdict =
  | "more accurate"
  | "less accurate"
  | "no difference found"
  | "equivalent"
  | "not comparable";

/** One state of a model on a set of questions. */
export interface Score {
  numQuestions: number;
  /** Share of questions whose likeliest option is right, Wilson's interval. */
  byLogProbability: Interval;
  /** The same by the letter it wrote, and how many answers named none; null when no letter was asked for. */
  byLetter: { accuracy: Interval; numUnparseable: number } | null;
}

export interface PairedComparison {
  counts: PairedCounts;
  /** Candidate minus baseline, in shares. */
  difference: Interval;
  /** McNemar's exact test. */
  p: number;
  /** The difference when questions of one subject err alike; null below {@link minSubjects} subjects. */
  bySubject: Interval | null;
  detectable: number;
  verdict: AccuracyVerdict;
}

/** Subjects below which their own spread cannot be estimated. */
const minSubjects = 10;

/** What one arm learned: tuned against untuned on the same questions. */
export interface Learning {
  arm: string;
  runId: string;
  untuned: Score | null;
  tuned: Score;
  gain: PairedComparison | null;
}

const bits = (answers: Uint8Array, bit: number): Uint8Array =>
  answers.map((answer) => ((answer & bit) === 0 ? 0 : 1));
const count = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0);

export function score(answers: Uint8Array, letters: boolean): Score {
  const n = answers.length;
  return {
    numQuestions: n,
    byLogProbability: wilsonInterval(count(bits(answers, right)), n),
    byLetter: letters
      ? {
          accuracy: wilsonInterval(count(bits(answers, letterRight)), n),
          numUnparseable: n - count(bits(answers, letterParsed)),
        }
      : null,
  };
}

/** Two answerers on the same questions, by log-probability; equivalent only within a margin set before. */
export function comparePaired(
  baseline: Uint8Array,
  candidate: Uint8Array,
  margin: number,
  subjects: readonly string[] = [],
): PairedComparison {
  const [below, above] = [bits(baseline, right), bits(candidate, right)];
  const counts = countPairs(below, above);
  const difference = pairedDifference(counts);
  const p = mcnemar(counts);
  const detectable = detectableDifference(counts.onlyBaseline + counts.onlyCandidate, baseline.length);
  let verdict: AccuracyVerdict = "no difference found";
  if (isEquivalent(pairedDifference(counts, equivalenceConfidence), margin)) verdict = "equivalent";
  else if (p < 0.05) verdict = difference.estimate > 0 ? "more accurate" : "less accurate";
  const each = Array.from(above, (flag, i) => flag - (below[i] ?? 0));
  const clustered = new Set(subjects).size < minSubjects ? null : clusteredDifference(each, subjects);
  const bySubject = clustered && {
    estimate: clustered.estimate,
    low: clustered.low,
    high: clustered.high,
    confidence: clustered.confidence,
  };
  return { counts, difference, p, bySubject, detectable, verdict };
}

/** What an arm learned, from its latest run that evaluated both states; null when none did. */
export function learned(arm: string, runs: readonly RunSummary[], margin: number): Learning | null {
  const run = latestEvaluated(runs);
  if (run === null) return null;
  const { tuned, untuned, letters, questions } = run.evaluation;
  return {
    arm,
    runId: run.id,
    untuned: untuned === null ? null : score(untuned, letters),
    tuned: score(tuned, letters),
    gain: untuned === null ? null : comparePaired(untuned, tuned, margin, questions.subjects),
  };
}

type Evaluated = RunSummary & { evaluation: EvaluationSummary & { tuned: Uint8Array } };

/** The latest run with outcome ok that evaluated its tuned model. */
export function latestEvaluated(runs: readonly RunSummary[]): Evaluated | null {
  const evaluated = runs.filter(
    (run): run is Evaluated => run.outcome === "ok" && (run.evaluation?.tuned ?? null) !== null,
  );
  return evaluated.at(-1) ?? null;
}

/** Both arms' tuned models on the same questions; null when either has none, "not comparable" when the questions differ. */
export function compareAccuracy(
  baseline: readonly RunSummary[],
  candidate: readonly RunSummary[],
  margin: number,
): PairedComparison | "not comparable" | null {
  const [below, above] = [latestEvaluated(baseline), latestEvaluated(candidate)];
  if (below === null || above === null) return null;
  if (below.evaluation.questionsDigest !== above.evaluation.questionsDigest) return "not comparable";
  const { questions } = below.evaluation;
  return comparePaired(below.evaluation.tuned, above.evaluation.tuned, margin, questions.subjects);
}
