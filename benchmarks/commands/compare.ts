import { defineCommand } from "citty";
import type { Factor } from "../comparison/comparable.ts";
import { compareArms } from "../comparison/compare.ts";
import { refusal } from "../errors.ts";
import { renderComparison } from "../report/comparisonText.ts";
import { renderTable } from "../report/table.ts";
import { readSummaries } from "../store/summaries.ts";
import { sayBad } from "./bad.ts";
import { recordsArgs } from "./place.ts";

export default defineCommand({
  meta: {
    name: "compare",
    description: "Say whether one arm is faster and as accurate as another, and how sure that is",
  },
  args: {
    baseline: { type: "positional", required: true, description: "arm to compare against" },
    candidate: { type: "positional", required: true, description: "arm to judge" },
    ...recordsArgs,
    factor: {
      type: "string",
      description: "what the arms may differ in: nodes or software",
      default: "nodes",
      valueHint: "nodes|software",
    },
    "margin-points": {
      type: "string",
      description: "difference in accuracy that counts as none, in points",
      default: "2",
      valueHint: "P",
    },
    "margin-percent": {
      type: "string",
      description: "difference in time that counts as none, in percent",
      default: "2",
      valueHint: "P",
    },
  },
  async run({ args }) {
    const { baseline, candidate } = args;
    const { runs, bad } = await readSummaries(args.records, {
      experiment: args.experiment,
      arms: [baseline, candidate],
    });
    sayBad(bad);
    for (const arm of [baseline, candidate]) {
      if (!runs.some((run) => run.arm === arm)) {
        throw refusal(
          "E_ARM",
          `No runs of arm "${arm}" in ${args.records}${args.experiment ? ` for experiment ${args.experiment}` : ""}. npx rocmark list shows what there is.`,
        );
      }
    }
    const comparison = compareArms(runs, {
      baseline,
      candidate,
      factor: toFactor(args.factor),
      accuracyMargin: toShare("margin-points", args["margin-points"]),
      timingMargin: toShare("margin-percent", args["margin-percent"]),
    });
    const text = renderComparison(comparison, {
      table: renderTable,
      heading: (title) => `${title}\n${"=".repeat(title.length)}`,
    });
    process.stdout.write(args.json ? `${JSON.stringify(comparison)}\n` : `${text}\n`);
    if (
      comparison.experiments.length === 0 ||
      comparison.experiments.some((entry) => entry.differences.length > 0)
    )
      process.exitCode = 2;
    else if (comparison.regression) process.exitCode = 3;
  },
});

function toFactor(text: string): Factor {
  if (text === "nodes" || text === "software") return text;
  throw refusal("E_FACTOR", `--factor: wanted nodes or software, found "${text}".`);
}

function toShare(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && value <= 50))
    throw refusal("E_MARGIN", `--${flag}: wanted a number above 0 and up to 50, found "${text}".`);
  return value / 100;
}
