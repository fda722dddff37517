import { defineCommand } from "citty";
import { renderTable } from "../report/table.ts";
import { seconds } from "../report/words.ts";
import { readSummaries } from "../store/summaries.ts";
import { sayBad } from "./bad.ts";
import { recordsArgs } from "./place.ts";

export default defineCommand({
  meta: { name: "list", description: "List the runs that were recorded, oldest first" },
  args: recordsArgs,
  async run({ args }) {
    const { runs, bad } = await readSummaries(args.records, { experiment: args.experiment });
    sayBad(bad);
    if (args.json) {
      const plain = runs.map(
        ({
          id,
          startedAt,
          experiment,
          arm,
          scenario,
          repeat,
          outcome,
          trainSeconds,
          totalSeconds,
          errorCode,
        }) => ({
          id,
          startedAt,
          experiment,
          arm,
          scenario,
          repeat,
          outcome,
          trainSeconds,
          totalSeconds,
          errorCode,
        }),
      );
      process.stdout.write(`${JSON.stringify({ runs: plain })}\n`);
      return;
    }
    if (runs.length === 0) {
      process.stdout.write(`No runs in ${args.records}. npm start makes some.\n`);
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
    process.stdout.write(
      `${renderTable([["run", "experiment", "arm", "repeat", "outcome", "train", "total"], ...rows])}\n`,
    );
  },
});
