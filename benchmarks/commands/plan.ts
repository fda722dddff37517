import { defineCommand } from "citty";
import { recordsArgs, specArgs } from "./place.ts";

export default defineCommand({
  meta: {
    name: "plan",
    description: "Check an experiment and show the order in which its arms would take turns; runs nothing",
  },
  args: { ...specArgs, records: recordsArgs.records, json: recordsArgs.json },
  async run({ args }) {
    const [
      { readExperiment },
      { renderTable },
      { seconds },
      { scheduleRuns },
      { estimateSeconds },
      { readSummaries },
    ] = await Promise.all([
      import("./readExperiment.ts"),
      import("../report/table.ts"),
      import("../report/words.ts"),
      import("../schedule.ts"),
      import("../estimate.ts"),
      import("../store/summaries.ts"),
    ]);
    const experiment = await readExperiment(args);
    const { runs: earlier } = await readSummaries(args.records ?? experiment.recordsDirectory, {
      experiment: experiment.name,
    });
    const runs = scheduleRuns(experiment).map(({ arm, scenario, repeat }) => ({
      arm: arm.name,
      nodes: arm.nodes,
      scenario: scenario.label,
      repeat,
      timeoutSeconds: scenario.timeoutSeconds,
      estimatedSeconds: estimateSeconds(earlier, `${experiment.name}/${scenario.label}`, arm.name),
    }));
    const total = runs.reduce((sum, run) => sum + (run.estimatedSeconds ?? run.timeoutSeconds), 0);
    const numUnknown = runs.filter((run) => run.estimatedSeconds === null).length;
    if (args.json) {
      process.stdout.write(`${JSON.stringify({ runs, totalSeconds: total, numUnknown })}\n`);
      return;
    }
    const rows = runs.map((run, index) => [
      String(index + 1),
      run.scenario,
      run.arm,
      String(run.repeat + 1),
      run.nodes.join(", "),
      run.estimatedSeconds === null
        ? `at most ${seconds(run.timeoutSeconds)}`
        : seconds(run.estimatedSeconds),
    ]);
    const basis =
      numUnknown === 0 ? "by earlier runs" : `${numUnknown} of ${runs.length} by their time limit only`;
    process.stdout.write(
      `${renderTable([["run", "scenario", "arm", "repeat", "nodes", "takes"], ...rows])}\n\n` +
        `About ${Math.ceil(total / 60)} min in all, ${basis}.\n`,
    );
  },
});
