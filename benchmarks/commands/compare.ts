import { defineCommand } from "citty";
import { refusal } from "../errors.ts";
import { sayBad } from "./bad.ts";
import { marginArgs, toShare } from "./margins.ts";
import { recordsArgs, recordsDirectory } from "./place.ts";

export default defineCommand({
  meta: {
    name: "compare",
    description: "Say whether one arm is faster and as accurate as another, and how sure that is",
  },
  args: {
    baseline: { type: "positional", required: true, description: "arm to compare against" },
    candidate: { type: "positional", required: true, description: "arm to judge" },
    ...recordsArgs,
    scenario: {
      type: "string",
      description: "what was measured, for example finetune",
      default: "finetune",
      valueHint: "NAME",
    },
    factor: {
      type: "string",
      description: "what the arms may differ in: nodes, software, code or a key of the trainer's config",
      default: "nodes",
      valueHint: "FACTOR,...",
    },
    ...marginArgs,
  },
  async run({ args }) {
    const margins = {
      accuracyMargin: toShare("margin-points", args["margin-points"]),
      timingMargin: toShare("margin-percent", args["margin-percent"]),
    };
    const [{ compareArms, newestExperiment }, { renderComparison, terminalStyle }, { readSummaries }] =
      await Promise.all([
        import("../comparison/compare.ts"),
        import("../report/comparisonText.ts"),
        import("../store/summaries.ts"),
      ]);
    const { baseline, candidate, scenario, factor } = args;
    const arms = [baseline, candidate];
    if (baseline === candidate) throw refusal("E_ARM", `"${baseline}" is compared with itself.`);
    const records = recordsDirectory(args.records);
    const { runs, bad } = await readSummaries(records, {
      experiment: args.experiment,
      stack: args.stack,
      scenario,
      arms,
    });
    sayBad(bad);
    for (const arm of arms)
      if (!runs.some((run) => run.arm === arm))
        throw refusal(
          "E_ARM",
          `No runs of arm "${arm}" in ${records}${args.experiment ? ` for experiment ${args.experiment}` : ""}. ` +
            "npx rocmark list shows what there is.",
        );
    const name = args.experiment ?? newestExperiment(runs, arms);
    const chosen = runs.filter(({ experiment }) => experiment === name || experiment.startsWith(`${name}/`));
    const comparison = compareArms(chosen, { baseline, candidate, factor, ...margins });
    process.stdout.write(
      args.json
        ? `${JSON.stringify(comparison)}\n`
        : `${renderComparison(comparison, terminalStyle(process.stdout))}\n`,
    );
    const refused = comparison.experiments.some((entry) => entry.differences.length > 0);
    if (comparison.experiments.length === 0 || refused) process.exitCode = 2;
    else if (comparison.regression) process.exitCode = 3;
  },
});
