import type { Comparison, ExperimentComparison } from "../comparison/compare.ts";
import { accuracy, accuracySentence, letters, seconds, timingSentence } from "./words.ts";

type Table = (rows: readonly (readonly string[])[]) => string;

/** A comparison as text: sections with a heading, made by the given functions for a terminal or for Markdown. */
export function renderComparison(
  comparison: Comparison,
  { table, heading }: { table: Table; heading: (text: string) => string },
): string {
  if (comparison.experiments.length === 0) {
    return `No experiment has runs of both "${comparison.baseline}" and "${comparison.candidate}".`;
  }
  return comparison.experiments
    .map((entry) => `${heading(entry.experiment)}\n\n${renderExperiment(entry, comparison, table)}`)
    .join("\n\n");
}

function renderExperiment(entry: ExperimentComparison, comparison: Comparison, table: Table): string {
  const { baseline, candidate, accuracyMargin } = comparison;
  if (entry.differences.length > 0) {
    const rows = entry.differences
      .slice(0, 12)
      .map((difference) => [
        difference.path,
        difference.baseline.slice(0, 40),
        difference.candidate.slice(0, 40),
      ]);
    const more = entry.differences.length > 12 ? `\n(and ${entry.differences.length - 12} more)` : "";
    return `not comparable: the arms differ in more than the factor "${comparison.factor}".\n\n${table([["what", baseline, candidate], ...rows])}${more}`;
  }
  const parts: string[] = [];
  const { timing, learning } = entry;
  if (timing !== null) {
    const rows = (
      [
        [baseline, timing.baseline],
        [candidate, timing.candidate],
      ] as const
    ).map(([arm, found]) => [
      arm,
      `${found.numRuns - found.numFailed}${found.numFailed > 0 ? ` (+${found.numFailed} failed)` : ""}`,
      seconds(found.medianSeconds),
      seconds(found.medianStepSeconds),
      found.tokensPerSecond === null ? "-" : found.tokensPerSecond.toFixed(0),
    ]);
    parts.push(table([["arm", "runs", "train, median", "step, median", "tokens/s"], ...rows]));
    parts.push(`time: ${timingSentence(timing, baseline, candidate)}`);
  }
  if (learning.length > 0) {
    const rows = learning.flatMap(({ arm, untuned, tuned }) => [
      ...(untuned === null ? [] : [[arm, "untuned", accuracy(untuned.byLogProbability), letters(untuned)]]),
      [arm, "tuned", accuracy(tuned.byLogProbability), letters(tuned)],
    ]);
    const asked = learning[0]?.tuned.numQuestions ?? 0;
    parts.push(
      table([["arm", "model", `by log-probability, ${asked} questions`, "by the letter it writes"], ...rows]),
    );
    for (const { arm, gain } of learning)
      if (gain !== null) parts.push(`learned, ${arm}: ${accuracySentence(gain, accuracyMargin)}`);
  }
  if (entry.accuracy === "not comparable")
    parts.push("accuracy: not comparable, the arms were asked different questions");
  else if (entry.accuracy !== null)
    parts.push(
      `accuracy, ${candidate} against ${baseline}: ${accuracySentence(entry.accuracy, accuracyMargin)}`,
    );
  return parts.join("\n\n");
}
