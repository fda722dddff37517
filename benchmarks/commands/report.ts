import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { defineCommand } from "citty";
import { refusal } from "../errors.ts";
import type { RunSummary } from "../store/summary.ts";
import { sayBad } from "./bad.ts";
import { marginArgs, toShare } from "./margins.ts";
import { recordsArgs, recordsDirectory } from "./place.ts";

export default defineCommand({
  meta: {
    name: "report",
    description: "Write all runs, verdicts and the software behind them as one Markdown page",
  },
  args: {
    records: recordsArgs.records,
    experiment: recordsArgs.experiment,
    stack: recordsArgs.stack,
    factor: {
      type: "string",
      description: "what the arms may differ in, as for compare",
      default: "nodes",
      valueHint: "FACTOR,...",
    },
    ...marginArgs,
    out: { type: "string", description: "file to write; standard output when left out", valueHint: "FILE" },
  },
  async run({ args }) {
    const margins = {
      accuracyMargin: toShare("margin-points", args["margin-points"]),
      timingMargin: toShare("margin-percent", args["margin-percent"]),
    };
    const [{ compareArms }, { renderReport }, { readSummaries }] = await Promise.all([
      import("../comparison/compare.ts"),
      import("../report/markdown.ts"),
      import("../store/summaries.ts"),
    ]);
    const records = recordsDirectory(args.records);
    const { runs, bad } = await readSummaries(records, { experiment: args.experiment, stack: args.stack });
    sayBad(bad);
    if (runs.length === 0) throw refusal("E_NO_RUNS", `No such runs in ${records}. npm start makes some.`);
    const comparisons = pairs(runs).map(([baseline, candidate]) =>
      compareArms(runs, { baseline, candidate, factor: args.factor, ...margins }),
    );
    const text = renderReport(runs, comparisons, bad);
    if (args.out === undefined) process.stdout.write(text);
    else await writeWhole(args.out, text);
  },
});

async function writeWhole(file: string, text: string): Promise<void> {
  const partial = `${file}.${randomUUID()}.partial`;
  try {
    await writeFile(partial, text);
    await rename(partial, file);
  } catch (cause) {
    await rm(partial, { force: true });
    throw refusal("E_OUT", `--out ${file} cannot be written: ${(cause as Error).message}.`, cause);
  }
  process.stderr.write(`report: ${file}\n`);
}

// The arm with the fewest nodes is what the others are compared with.
function pairs(runs: readonly RunSummary[]): [string, string][] {
  const sizes = new Map(runs.map((run) => [run.arm, run.nodes.length]));
  const [first, ...others] = [...sizes].sort((a, b) => a[1] - b[1]).map(([arm]) => arm);
  return first === undefined ? [] : others.map((other) => [first, other]);
}
