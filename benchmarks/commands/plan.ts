import { defineCommand } from "citty";
import type { Question } from "../plan/question.ts";
import { recordsArgs, recordsDirectory, specArgs } from "./place.ts";

export default defineCommand({
  meta: {
    name: "plan",
    description: "Say whether the versions fit, what memory each arm needs, and in which order runs would go",
  },
  args: {
    spec: specArgs.spec,
    stack: {
      type: "string",
      description: "stack whose config stacks/Pulumi.NAME.yaml is planned, up or not (default: local)",
      valueHint: "NAME",
    },
    config: {
      type: "string",
      description: "the same from another file of that form",
      valueHint: "FILE",
    },
    model: {
      type: "string",
      description:
        "only the memory, of this model: a hub id or a folder; the rest as in --stack (default: ssh)",
      valueHint: "NAME",
    },
    recipe: {
      type: "enum",
      options: ["walkthrough", "fast"],
      description: "only the memory, by this recipe",
    },
    precision: {
      type: "enum",
      options: ["fp16", "bf16", "fp32"],
      description: "only the memory, in this precision",
    },
    records: recordsArgs.records,
    json: recordsArgs.json,
  },
  async run({ args }) {
    const [{ askVersions }, { planMemory }, { renderMemory }, { planTurns, renderTurns }, { readSummaries }] =
      await Promise.all([
        import("../plan/versions.ts"),
        import("../plan/memory.ts"),
        import("../plan/memoryText.ts"),
        import("../plan/turns.ts"),
        import("../store/summaries.ts"),
      ]);
    const { question, records, isMemoryOnly } = await readAsked(args);
    const versions = question.versions === null ? null : await askVersions(question.versions);
    const memory = await planMemory(question);
    const { runs: earlier } = await readSummaries(records, { experiment: question.experiment.name });
    const turns = planTurns(question, isMemoryOnly ? [] : earlier);
    if (versions?.kind === "refused") process.exitCode = 2;
    if (args.json) {
      process.stdout.write(`${JSON.stringify({ versions, memory, ...(isMemoryOnly ? {} : turns) })}\n`);
      return;
    }
    const parts = [
      ...(versions ? [versions.message] : []),
      renderMemory(memory),
      ...(isMemoryOnly ? [] : [renderTurns(turns)]),
    ];
    process.stdout.write(`${parts.join("\n\n")}\n`);
  },
});

interface PlanArgs {
  spec?: string | undefined;
  stack?: string | undefined;
  config?: string | undefined;
  model?: string | undefined;
  recipe?: string | undefined;
  precision?: string | undefined;
  records?: string | undefined;
}

async function readAsked(
  args: PlanArgs,
): Promise<{ question: Question; records: string; isMemoryOnly: boolean }> {
  const [{ refusal }, { readQuestion, stackFile, withInstead }] = await Promise.all([
    import("../errors.ts"),
    import("../plan/question.ts"),
  ]);
  const { spec, stack, config, model, recipe, precision } = args;
  const isMemoryOnly = [model, recipe, precision].some((option) => option !== undefined);
  if ([spec, stack, config].filter((source) => source !== undefined).length > 1)
    throw refusal("E_FLAG", "--spec, --stack and --config each say what to plan: give one of them.");
  if (spec === undefined) {
    const file = config ?? stackFile(stack ?? (isMemoryOnly ? "ssh" : "local"));
    const question = await readQuestion(file);
    return {
      question: isMemoryOnly ? withInstead(question, args) : question,
      records: recordsDirectory(args.records),
      isMemoryOnly,
    };
  }
  if (isMemoryOnly)
    throw refusal("E_FLAG", "--spec says all there is to plan: leave out --model, --recipe and --precision.");
  const { readExperiment } = await import("./readExperiment.ts");
  const experiment = await readExperiment({ spec, stack: "" });
  return {
    question: { experiment, versions: null },
    records: args.records ?? experiment.recordsDirectory,
    isMemoryOnly,
  };
}
