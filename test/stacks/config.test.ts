import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseStack, scenarioRecipe, statedNodes, unusedBundled } from "../../stacks/config.ts";
import { environmentNames, environmentPins, stackRequest } from "../../stacks/software.ts";

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

test("what is bundled goes to the nodes where a scenario asks for it", () => {
  const of = (values: Values) => unusedBundled(parseStack(values, "f"));
  expect(of(committed("local"))).toEqual([]);
  expect(of(committed("ssh"))).toEqual(["bundled/model", "bundled/data"]);
  const one = changed("finetune.model", { name: "Qwen/Qwen3-0.6B", revision: "main" });
  expect(of(one)).toEqual(["bundled/model"]);
  const scenarios = (one.experiment as { scenarios: Values[] }).scenarios.map((scenario, index) =>
    index === 0 ? { ...scenario, overrides: { model: { name: "bundled" } } } : scenario,
  );
  expect(of({ ...one, experiment: { ...(one.experiment as Values), scenarios } })).toEqual([]);
});

test("a scenario's overrides change only what they name", () => {
  const stack = parseStack(committed("local"), "f");
  const [accuracy, timing] = [scenarioRecipe(stack, "accuracy"), scenarioRecipe(stack, "timing")];
  expect(timing.training).toEqual({ ...accuracy.training, maxSteps: 12 });
  expect(timing.lora).toEqual(accuracy.lora);
  expect([accuracy.profile, timing.profile]).toEqual([true, false]);
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
  [
    "a number in the place of a section",
    "experiment.scenarios",
    [{ label: "x", repeats: 1, overrides: { training: 5 } }],
    "rocmark:experiment.scenarios.0.overrides.training: ",
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

// The committed ssh stack with other software: no lock is on disk but the two that are named here.
const locks = ["locks/a.txt", "locks/b.txt"];
const pinned = { pytorch: "2.10.0+rocm7.1", lock: "locks/a.txt" };
const variant = { name: "rocm64", pytorch: "2.9.1+rocm6.4", lock: "locks/b.txt" };

function withSoftware(software: object, arms?: object[]) {
  const values = structuredClone(committed("ssh")) as { experiment: { arms: object[] } };
  if (arms) values.experiment.arms = arms;
  return parseStack({ ...values, software }, "f", (path) => locks.includes(path));
}

test("a stack that says nothing of its software pins nothing and takes the careful defaults", () => {
  const { software } = withSoftware({});
  expect(software).toEqual({
    minFreeDiskGiB: 8,
    packages: [],
    variants: [],
    allowUnknown: false,
    reboot: { allowed: true, timeoutMinutes: 20 },
    kernelUpdates: "hold",
    removeOnDestroy: false,
    takeOverSources: false,
  });
  expect(stackRequest(software)).toBeNull();
});

test("the matrix is asked for every pin and every variant, not for their locks", () => {
  const { software } = withSoftware({ ...pinned, driver: "30.20.1", rocm: "7.1.1", variants: [variant] });
  expect(stackRequest(software)).toEqual({
    driver: "30.20.1",
    rocm: "7.1.1",
    pytorch: "2.10.0+rocm7.1",
    python: undefined,
    packages: [],
    variants: [{ name: "rocm64", pytorch: "2.9.1+rocm6.4", python: undefined }],
  });
});

test("a variant has its own PyTorch and lock, and the stack's Python unless it has one", () => {
  const { software } = withSoftware({ ...pinned, python: "3.12", variants: [variant] });
  expect(environmentNames(software)).toEqual(["default", "rocm64"]);
  expect(environmentPins(software, "default")).toEqual({
    pytorch: "2.10.0+rocm7.1",
    python: "3.12",
    lock: "locks/a.txt",
  });
  expect(environmentPins(software, "rocm64")).toEqual({
    pytorch: "2.9.1+rocm6.4",
    python: "3.12",
    lock: "locks/b.txt",
  });
});

test("arms run in the stack's own environment unless they name a variant", () => {
  const arms = [
    { name: "a", nodes: 1 },
    { name: "b", nodes: 1, variant: "rocm64" },
  ];
  const stack = withSoftware({ ...pinned, variants: [variant] }, arms);
  expect(stack.experiment.arms.map(({ variant }) => variant)).toEqual(["default", "rocm64"]);
});

test("hosts come with what the stack states of them, and with null where it states nothing", () => {
  const [first, second] = statedNodes(parseStack(committed("ssh"), "f"));
  expect(first?.name).toBe("gpu-a");
  expect(first?.facts).toMatchObject({ osVersion: "24.04.3", gpuModel: "AMD Instinct MI300X" });
  expect(second).toEqual({ name: "gpu-b", facts: null });
});

test.each([
  [
    "a version without quotes",
    { driver: 30.1 },
    'rocmark:software.driver: expected a version in quotes such as "30.20.1", found 30.1',
  ],
  [
    "PyTorch without the ROCm inside",
    { pytorch: "2.10.0", lock: "locks/a.txt" },
    'rocmark:software.pytorch: expected a version in quotes such as "2.10.0+rocm7.1", found "2.10.0"',
  ],
  [
    "PyTorch without a lock",
    { pytorch: "2.10.0+rocm7.1" },
    "rocmark:software.lock: expected the lock of 2.10.0+rocm7.1, found nothing; write it with `npx rocmark lock`",
  ],
  [
    "a lock without PyTorch",
    { lock: "locks/a.txt" },
    "rocmark:software.lock: a lock is for the PyTorch that rocmark:software.pytorch pins",
  ],
  [
    "a lock that is not there",
    { ...pinned, lock: "locks/c.txt" },
    'rocmark:software.lock: no such file, found "locks/c.txt"; write it with `npx rocmark lock`',
  ],
  [
    "a variant's lock that is not there",
    { variants: [{ ...variant, lock: "locks/c.txt" }] },
    'rocmark:software.variants.0.lock: no such file, found "locks/c.txt"',
  ],
  [
    "a variant without a lock",
    { variants: [{ name: "x", pytorch: "2.9.1+rocm6.4" }] },
    "rocmark:software.variants.0.lock: Invalid input: expected string, found nothing",
  ],
  [
    "two variants of one name",
    { variants: [variant, variant] },
    'rocmark:software.variants: two variants are called "rocm64"',
  ],
  [
    "a variant called default",
    { variants: [{ ...variant, name: "default" }] },
    'rocmark:software.variants.0.name: expected another name: "default" is the stack\'s own environment',
  ],
  [
    "ROCm packages without a ROCm",
    { packages: ["rocm-validation-suite"] },
    "rocmark:software.packages: ROCm's packages need the release that rocmark:software.rocm pins",
  ],
  [
    "a package with its version",
    { rocm: "7.1.1", packages: ["rccl=2.27.7"] },
    "rocmark:software.packages.0: expected a package's name, without a version",
  ],
  ["a word that is not allowed", { kernelUpdates: "ignore" }, 'found "ignore"'],
  ["an unknown key", { reboot: { allow: true } }, "rocmark:software.reboot.allow: no such key"],
])("%s is refused by its key", (_title, software, message) => {
  expect(() => withSoftware(software)).toThrow(message);
});

test("an arm of a variant that does not exist is refused, with those that do", () => {
  const arms = [{ name: "a", nodes: 1, variant: "rocm63" }];
  expect(() => withSoftware({ ...pinned, variants: [variant] }, arms)).toThrow(
    'rocmark:experiment.arms.0.variant: no variant of rocmark:software.variants is called "rocm63"; the stack has default, rocm64',
  );
});

test.each(["driver", "rocm", "pytorch", "python", "lock", "packages", "variants"])(
  "a pinned %s on emulated nodes is refused: they install no drivers",
  (key) => {
    const pins: Record<string, unknown> = {
      driver: "30.20.1",
      rocm: "7.1.1",
      pytorch: "2.10.0+rocm7.1",
      python: "3.12",
      lock: "locks/a.txt",
      packages: ["rccl"],
      variants: [variant],
    };
    const values = { ...committed("local"), software: { [key]: pins[key] } };
    expect(() => parseStack(values, "f", () => true)).toThrow(
      `rocmark:software.${key}: emulated nodes install no drivers and no ROCm; pins are for target ssh`,
    );
  },
);

test("a fact that no rule reads is refused by its key", () => {
  const values = structuredClone(committed("ssh")) as { nodes: { hosts: { facts?: object }[] } };
  for (const host of values.nodes.hosts) host.facts = { kernal: "6.8.0-60-generic" };
  expect(() => parseStack(values, "f")).toThrow("rocmark:nodes.hosts.0.facts.kernal: no such key");
});
