import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseStack, scenarioRecipe } from "../../stacks/config.ts";

type Values = Record<string, unknown>;

function committed(name: string): Values {
  const text = readFileSync(new URL(`../../stacks/Pulumi.${name}.yaml`, import.meta.url), "utf8");
  const { config } = parse(text) as { config: Values };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace("rocmark:", ""), value]),
  );
}

// A copy of the local stack with one value changed, named as a user would name it.
function changed(key: string, value: unknown): Values {
  const values = structuredClone(committed("local"));
  const steps = key.split(".");
  const last = steps.pop() ?? "";
  let at: Record<string, unknown> = values;
  for (const step of steps) at = at[step] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return values;
}

test.each(["local", "ssh"])("the committed config of stack %s is valid", (name) => {
  expect(parseStack(committed(name), `stacks/Pulumi.${name}.yaml`).target).toBe(name);
});

test("a scenario's overrides change only what they name", () => {
  const stack = parseStack(committed("local"), "f");
  const [accuracy, timing] = [scenarioRecipe(stack, "accuracy"), scenarioRecipe(stack, "timing")];
  expect(timing.training).toEqual({ ...accuracy.training, maxSteps: 12 });
  expect(timing.lora).toEqual(accuracy.lora);
});

test.each([
  [
    "an unknown key",
    "finetune.training.learningrate",
    1,
    "rocmark:finetune.training.learningrate: no such key",
  ],
  ["an unknown key at the top", "nodez", 1, "rocmark:nodez: no such key"],
  [
    "a wrong type",
    "finetune.lora.rank",
    "eight",
    'rocmark:finetune.lora.rank: Invalid input: expected number, found "eight"',
  ],
  [
    "a missing value",
    "finetune.seed",
    undefined,
    "rocmark:finetune.seed: Invalid input: expected number, found nothing",
  ],
  ["a word that is not allowed", "finetune.precision", "fp8", 'found "fp8"'],
  ["a target that does not exist", "target", "cloud", "rocmark:target"],
  ["no nodes", "nodes.count", 0, "rocmark:nodes.count"],
  [
    "fewer nodes than an arm asks for",
    "nodes.count",
    1,
    "rocmark:experiment.arms.1.nodes: 2 nodes are asked for, the stack has 1",
  ],
  [
    "an effective batch that does not divide",
    "finetune.training.effectiveBatch",
    20,
    "20 does not divide into 1 node(s) x microBatch 8",
  ],
  [
    "two arms of one name",
    "experiment.arms",
    [
      { name: "a", nodes: 1 },
      { name: "a", nodes: 2 },
    ],
    'two arms are called "a"',
  ],
  [
    "an override of a key that does not exist",
    "experiment.scenarios",
    [{ label: "x", repeats: 1, overrides: { training: { steps: 1 } } }],
    "rocmark:experiment.scenarios.0.overrides",
  ],
])("%s is refused by the key that the user typed", (_title, key, value, message) => {
  expect(() => parseStack(changed(key, value), "stacks/Pulumi.local.yaml")).toThrow(message);
});

test("all problems are listed at once, with the file's name", () => {
  const values = { ...changed("finetune.lora.rank", 0), extra: 1 };
  expect(() => parseStack(values, "stacks/Pulumi.mine.yaml")).toThrow(
    /stacks\/Pulumi\.mine\.yaml does not describe a stack:\n(.*\n)*.*lora\.rank(.*\n)*.*extra/,
  );
});

test("a host whose root is a system directory is refused", () => {
  const values = structuredClone(committed("ssh")) as { nodes: { hosts: { root: string }[] } };
  for (const host of values.nodes.hosts) host.root = "/usr";
  expect(() => parseStack(values, "f")).toThrow(
    "rocmark:nodes.hosts.0.root: expected an absolute directory of its own",
  );
});
