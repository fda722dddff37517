import { styleText } from "node:util";
import type { Learning } from "../comparison/accuracy.ts";
import type { Comparison, ExperimentComparison } from "../comparison/compare.ts";
import type { Timing } from "../comparison/timing.ts";
import { renderMarkdownTable, renderTable } from "./table.ts";
import { accuracy, accuracySentence, letters, seconds, timingSentence } from "./words.ts";

/** How a comparison looks where it is read. */
export interface Style {
  table(rows: readonly (readonly string[])[]): string;
  heading(text: string): string;
  /** Marks a verdict, which a sentence begins with. */
  verdict(sentence: string): string;
}

// Every word a verdict can be; a sentence begins with one.
const colours = [
  [/^(faster|more accurate|equivalent)/, "green"],
  [/^(slower|less accurate)/, "red"],
  [/^(not comparable|not enough runs|no difference found)/, "yellow"],
] as const;

/** For a Markdown page, below a heading of the second level. */
export const markdownStyle: Style = {
  table: renderMarkdownTable,
  heading: (text) => `### ${text}`,
  verdict: (sentence) => colours.reduce((text, [word]) => text.replace(word, "**$&**"), sentence),
};

/** For a terminal; colours only where the stream shows them and NO_COLOR is not set. */
export function terminalStyle(stream: NodeJS.WriteStream): Style {
  return {
    table: renderTable,
    heading: (text) => styleText("bold", `${text}\n${"=".repeat(text.length)}`, { stream }),
    verdict: (sentence) =>
      colours.reduce(
        (text, [word, colour]) => text.replace(word, (found) => styleText(colour, found, { stream })),
        sentence,
      ),
  };
}

/** A comparison as text, a section an experiment. */
export function renderComparison(comparison: Comparison, style: Style): string {
  if (comparison.experiments.length === 0)
    return style.verdict(
      `not comparable: no experiment has runs of both "${comparison.baseline}" and "${comparison.candidate}".`,
    );
  return comparison.experiments
    .map((entry) => `${style.heading(entry.experiment)}\n\n${renderExperiment(entry, comparison, style)}`)
    .join("\n\n");
}

function renderExperiment(entry: ExperimentComparison, comparison: Comparison, style: Style): string {
  const { baseline, candidate, accuracyMargin } = comparison;
  const parts: string[] = [];
  if (entry.differences.length > 0) parts.push(renderDifferences(entry, comparison, style));
  if (entry.timing !== null) parts.push(...renderTiming(entry.timing, comparison, style));
  if (entry.learning.length > 0) parts.push(...renderLearning(entry.learning, accuracyMargin, style));
  if (entry.accuracy === "not comparable")
    parts.push(`accuracy: ${style.verdict("not comparable: the arms were asked different questions")}`);
  else if (entry.accuracy !== null)
    parts.push(
      `accuracy, ${candidate} against ${baseline}: ${style.verdict(accuracySentence(entry.accuracy, accuracyMargin))}`,
    );
  const { numOlder } = entry;
  if (numOlder.baseline + numOlder.candidate > 0)
    parts.push(
      `Left out: ${numOlder.baseline} and ${numOlder.candidate} earlier runs of these arms, made under other conditions than their newest.`,
    );
  return parts.join("\n\n");
}

const shownDifferences = 12;

function renderDifferences(
  { differences }: ExperimentComparison,
  comparison: Comparison,
  style: Style,
): string {
  const short = (text: string) => (text.length > 40 ? `${text.slice(0, 37)}...` : text);
  const rows = differences
    .slice(0, shownDifferences)
    .map((difference) => [difference.path, short(difference.baseline), short(difference.candidate)]);
  const more = differences.length - shownDifferences;
  return [
    style.verdict(`not comparable: the arms differ in more than the factor "${comparison.factor}".`),
    style.table([["what", comparison.baseline, comparison.candidate], ...rows]),
    ...(more > 0 ? [`and ${more} more`] : []),
    "If one of these is what you want to compare, name it: --factor takes nodes, software, code or a key of the config.",
  ].join("\n\n");
}

function renderTiming(
  timing: Timing,
  { baseline, candidate, timingMargin }: Comparison,
  style: Style,
): string[] {
  const rows = [
    { arm: baseline, ...timing.baseline },
    { arm: candidate, ...timing.candidate },
  ].map(({ arm, numRuns, numFailed, medianSeconds, medianStepSeconds, tokensPerSecond }) => [
    arm,
    `${numRuns - numFailed}${numFailed > 0 ? ` (+${numFailed} failed)` : ""}`,
    seconds(medianSeconds),
    seconds(medianStepSeconds),
    tokensPerSecond === null ? "-" : tokensPerSecond.toFixed(0),
  ]);
  return [
    style.table([["arm", "runs", "train, median", "step, median", "tokens/s"], ...rows]),
    `time: ${style.verdict(timingSentence(timing, { baseline, candidate, margin: timingMargin }))}`,
  ];
}

function renderLearning(learning: readonly Learning[], margin: number, style: Style): string[] {
  const rows = learning.flatMap(({ arm, untuned, tuned }) => [
    ...(untuned === null ? [] : [[arm, "untuned", accuracy(untuned.byLogProbability), letters(untuned)]]),
    [arm, "tuned", accuracy(tuned.byLogProbability), letters(tuned)],
  ]);
  const asked = learning[0]?.tuned.numQuestions ?? 0;
  return [
    style.table([
      ["arm", "model", `by log-probability, ${asked} questions`, "by the letter it writes"],
      ...rows,
    ]),
    ...learning.flatMap(({ arm, gain }) =>
      gain === null ? [] : [`learned, ${arm}: ${style.verdict(accuracySentence(gain, margin))}`],
    ),
  ];
}
