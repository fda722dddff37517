import { defineCommand } from "citty";
import { sayBad } from "./bad.ts";
import { recordsArgs, recordsDirectory } from "./place.ts";

export default defineCommand({
  meta: { name: "list", description: "List the runs that were recorded, oldest first" },
  args: {
    ...recordsArgs,
    arm: { type: "string", description: "only runs of this arm", valueHint: "NAME" },
  },
  async run({ args }) {
    const [{ readSummaries }, { renderTable }, { seconds }] = await Promise.all([
      import("../store/summaries.ts"),
      import("../report/table.ts"),
      import("../report/words.ts"),
    ]);
    const records = recordsDirectory(args.records);
    const { runs, bad } = await readSummaries(records, {
      experiment: args.experiment,
      stack: args.stack,
      arms: args.arm === undefined ? undefined : [args.arm],
    });
    sayBad(bad);
    if (args.json) {
      const plain = runs.map(({ conditions, evaluation, ...run }) => ({
        ...run,
        evaluated: evaluation !== null,
      }));
      process.stdout.write(`${JSON.stringify({ runs: plain })}\n`);
      return;
    }
    if (runs.length === 0) {
      process.stdout.write(`No such runs in ${records}. npm start makes some.\n`);
      return;
    }
    const rows = runs.map((run) => [
      run.id,
      run.experiment,
      run.arm,
      String(run.repeat + 1),
      run.outcome,
      seconds(run.trainSeconds),
      seconds(run.totalSeconds),
    ]);
    const head = ["run", "experiment", "arm", "repeat", "outcome", "train", "total"];
    process.stdout.write(`${renderTable([head, ...rows])}\n`);
  },
});
