import { randomUUID } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { defineCommand } from "citty";
import { compareArms } from "../comparison/compare.ts";
import { refusal } from "../errors.ts";
import { renderReport } from "../report/markdown.ts";
import { readSummaries } from "../store/summaries.ts";
import type { RunSummary } from "../store/summary.ts";
import { sayBad } from "./bad.ts";
import { recordsArgs } from "./place.ts";

export default defineCommand({
  meta: {
    name: "report",
    description: "Write all runs, verdicts and the software behind them as one Markdown page",
  },
  args: {
    records: recordsArgs.records,
    experiment: recordsArgs.experiment,
    out: { type: "string", description: "file to write; standard output when left out", valueHint: "FILE" },
  },
  async run({ args }) {
    const { runs, bad } = await readSummaries(args.records, { experiment: args.experiment });
    sayBad(bad);
    if (runs.length === 0) throw refusal("E_NO_RUNS", `No runs in ${args.records}. npm start makes some.`);
    const text = renderReport(
      runs,
      pairs(runs).map(([baseline, candidate]) =>
        compareArms(runs, { baseline, candidate, factor: "nodes", accuracyMargin: 0.02, timingMargin: 0.02 }),
      ),
    );
    if (args.out === undefined) process.stdout.write(text);
    else {
      const partial = `${args.out}.${randomUUID()}.partial`;
      await writeFile(partial, text);
      await rename(partial, args.out);
      process.stderr.write(`report: ${args.out}\n`);
    }
  },
});

// The arm with the fewest nodes is what the others are compared with.
function pairs(runs: readonly RunSummary[]): [string, string][] {
  const sizes = new Map(runs.map((run) => [run.arm, run.nodes.length]));
  const [first, ...others] = [...sizes].sort((a, b) => a[1] - b[1]).map(([arm]) => arm);
  return first === undefined ? [] : others.map((other) => [first, other]);
}
