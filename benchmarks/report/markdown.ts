import type { Comparison } from "../comparison/compare.ts";
import type { BadRecord } from "../store/store.ts";
import type { RunSummary } from "../store/summary.ts";
import { groupArms } from "./arms.ts";
import { markdownStyle, renderComparison } from "./comparisonText.ts";
import { type Picture, renderEfficiency } from "./efficiencyText.ts";
import { renderMarkdownTable } from "./table.ts";
import { seconds } from "./words.ts";

/** The whole report: verdicts, where the time goes, every run, what failed, the software, and how to read it. */
export function renderReport(
  runs: readonly RunSummary[],
  comparisons: readonly Comparison[],
  bad: readonly BadRecord[] = [],
  picture: Picture | null = null,
): string {
  const failed = runs.filter((run) => run.outcome !== "ok");
  const parts = [
    "# rocmark report",
    `${runs.length} runs, ${failed.length} of them not ok. Newest: ${runs.at(-1)?.startedAt ?? "none"}.`,
    ...comparisons.flatMap((comparison) => [
      `## ${comparison.candidate} against ${comparison.baseline}`,
      renderComparison(comparison, markdownStyle),
    ]),
    ...renderEfficiency(groupArms(runs), picture),
    "## Runs",
    renderMarkdownTable([
      ["run", "experiment", "arm", "outcome", "train", "total", "last loss", "peak memory"],
      ...runs.map((run) => [
        run.id,
        run.experiment,
        run.arm,
        run.outcome,
        seconds(run.trainSeconds),
        seconds(run.totalSeconds),
        run.finalLoss === null ? "-" : run.finalLoss.toFixed(4),
        run.peakResidentGiB === null ? "-" : `${run.peakResidentGiB.toFixed(2)} GiB`,
      ]),
    ]),
    ...(failed.length === 0
      ? []
      : [
          "## What failed",
          failed.map((run) => `- ${run.id} (${run.arm}): ${run.outcome}, ${why(run)}`).join("\n"),
        ]),
    ...(bad.length === 0
      ? []
      : [
          "## Files that are no record",
          bad.map(({ file, error }) => `- ${file}: ${code(error.message)}`).join("\n"),
        ]),
    "## Software",
    renderMarkdownTable([["what", "found"], ...software(runs)]),
    "## How to read this",
    [
      "- Time is the train phase of runs with outcome ok. The ratio is that of the medians with a percentile bootstrap interval (10,000 resamples); a verdict also needs Mann and Whitney's exact test below 0.05.",
      "- Accuracy is the share of questions whose likeliest option, by the log-probability of its whole text, is right, with Wilson's interval; two models are compared on the same questions by McNemar's exact test.",
      "- `equivalent` means that the 90 % interval of the difference lies within the margin that was set beforehand (two one-sided tests at 5 %).",
      "- What bounds an arm is the largest share of a step's forward and backward pass: overhead (launching, waiting for samples, communicating), memory traffic, matrix work or attention; shares come from a profile, held against the same steps undisturbed. The nearest two must lie 5 points apart.",
      "- Useful work is 4 FLOP a parameter of the frozen base and token, the head for tokens with loss only; attention, the adapter, padding and recomputation do not count. Ceilings were measured in the run's own process.",
      "- A letter is read from what the model writes; an answer that names none is counted apart.",
    ].join("\n"),
  ];
  return `${parts.join("\n\n")}\n`;
}

const why = (run: RunSummary): string => `${run.errorCode}: ${code(run.errorMessage?.split("\n")[0] ?? "")}`;

// What a node wrote is shown as it is, not read as Markdown or HTML.
const code = (text: string): string => `\`${text.replaceAll("`", "'").replaceAll(/\s+/g, " ")}\``;

const shown =
  /^installed\.(python|torch|transformers|peft|hip|cuda|device|torch\.(version|hip|cuda|device))$|^facts\..*\.(cpu|kernel|os|osVersion|accelerator|gpus)$/;

function software(runs: readonly RunSummary[]): string[][] {
  const values = new Map<string, Set<string>>();
  for (const run of runs) {
    for (const [path, value] of Object.entries(run.conditions.found)) {
      if (!shown.test(path)) continue;
      const key = path.replace(/^facts\.[^.]+\./, "").replace(/^installed\./, "");
      values.set(key, (values.get(key) ?? new Set()).add(value.replaceAll('"', "")));
    }
  }
  return [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, found]) => [key, code([...found].join(" and "))]);
}
