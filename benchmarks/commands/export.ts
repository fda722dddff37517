import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { finished } from "node:stream/promises";
import { defineCommand } from "citty";
import { messageOf, refusal } from "../errors.ts";
import { sayBad } from "./bad.ts";
import { recordsArgs, recordsDirectory } from "./place.ts";

export default defineCommand({
  meta: {
    name: "export",
    description: "Write the runs as one file: whole records as JSON lines, or a table of runs as Parquet",
  },
  args: {
    records: recordsArgs.records,
    experiment: recordsArgs.experiment,
    stack: recordsArgs.stack,
    format: {
      type: "enum",
      options: ["jsonl", "parquet"],
      description: "form of the file",
      default: "jsonl",
    },
    out: { type: "string", description: "file to write", required: true, valueHint: "FILE" },
  },
  async run({ args }) {
    const records = recordsDirectory(args.records);
    const filter = { experiment: args.experiment, stack: args.stack };
    const partial = `${resolve(args.out)}.${process.pid}.partial`;
    const write = args.format === "parquet" ? writeParquet : writeLines;
    try {
      const numRuns = await write(records, filter, partial);
      await rename(partial, args.out);
      process.stderr.write(`${numRuns} runs: ${args.out}\n`);
    } catch (cause) {
      await rm(partial, { force: true });
      throw refusal("E_OUT", `--out ${args.out} cannot be written: ${messageOf(cause)}`, cause);
    }
  },
});

type Filter = { experiment: string | undefined; stack: string | undefined };

async function writeLines(records: string, filter: Filter, file: string): Promise<number> {
  const [{ readRecordNames, readRecords }, { summarise }, { letsKind }] = await Promise.all([
    import("../store/store.ts"),
    import("../store/summary.ts"),
    import("../store/runFilter.ts"),
  ]);
  const output = createWriteStream(file, { flags: "wx" });
  await once(output, "open");
  let numRuns = 0;
  for await (const { name, record } of readRecords(records, await readRecordNames(records), (bad) =>
    sayBad([bad]),
  )) {
    if (!letsKind(filter, summarise(record, name))) continue;
    numRuns++;
    if (!output.write(`${JSON.stringify(record)}\n`)) await once(output, "drain");
  }
  output.end();
  await finished(output);
  return numRuns;
}

async function writeParquet(records: string, filter: Filter, file: string): Promise<number> {
  const [{ readSummaries }, { writeRunTable }] = await Promise.all([
    import("../store/summaries.ts"),
    import("../store/runTable.ts"),
  ]);
  const { runs, bad } = await readSummaries(records, filter);
  sayBad(bad);
  await writeRunTable(runs, file);
  return runs.length;
}
