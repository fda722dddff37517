import { defineCommand } from "citty";
import { parseExperiment } from "../experiment.ts";
import { renderTable } from "../report/table.ts";
import { scheduleRuns } from "../schedule.ts";
import { recordsArgs } from "./place.ts";
import { readStackOutput } from "./stackOutput.ts";

export default defineCommand({
  meta: { name: "plan", description: "Show the order in which the arms would take turns; runs nothing" },
  args: {
    stack: {
      type: "string",
      description: "Pulumi stack whose experiment is planned",
      default: "local",
      valueHint: "NAME",
    },
    json: recordsArgs.json,
  },
  async run({ args }) {
    const text = JSON.stringify((await readStackOutput(args.stack)).experiment);
    const runs = scheduleRuns(parseExperiment(text, `stack ${args.stack}`));
    const plain = runs.map(({ arm, scenario, repeat }) => ({
      arm: arm.name,
      nodes: arm.nodes,
      scenario: scenario.label,
      repeat,
      timeoutSeconds: scenario.timeoutSeconds,
    }));
    if (args.json) process.stdout.write(`${JSON.stringify({ runs: plain })}\n`);
    else {
      const rows = plain.map((run, index) => [
        String(index + 1),
        run.scenario,
        run.arm,
        String(run.repeat + 1),
        run.nodes.join(", "),
      ]);
      process.stdout.write(`${renderTable([["run", "scenario", "arm", "repeat", "nodes"], ...rows])}\n`);
    }
  },
});
