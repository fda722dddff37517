import { z } from "zod";
import { RocmarkError } from "../components/errors.ts";
import { mayOwn } from "../components/scripts/removalScript.ts";
import { recipeSchema } from "../components/training/trainerConfig.ts";

const nodeName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "expected lower-case letters, digits and dashes");
const count = z.int().positive();

const localNodes = z.strictObject({
  count: count.max(64),
  lifetimeHours: z.number().positive().max(720).default(12),
});

const host = z.strictObject({
  name: nodeName,
  address: z.string().min(1),
  port: z.int().min(1).max(65_535).default(22),
  user: z.string().min(1),
  hostKey: z
    .string()
    .regex(
      /^(ssh-ed25519|ecdsa-sha2-nistp\d+|ssh-rsa) [A-Za-z0-9+/=]+/,
      'expected an OpenSSH public key, "ssh-ed25519 AAAA..."',
    ),
  privateKeyFile: z.string().min(1),
  root: z
    .string()
    .refine(mayOwn, "expected an absolute directory of its own, at least two levels deep")
    .default("/opt/rocmark/node"),
  peerAddress: z.string().min(1).optional(),
});

const arm = z.strictObject({
  name: nodeName,
  /** How many of the stack's nodes train together. */
  nodes: count,
  recipe: z.enum(["walkthrough", "fast"]).default("walkthrough"),
});

const scenario = z.strictObject({
  label: nodeName,
  repeats: count,
  timeoutSeconds: z.number().positive().default(1800),
  /** What differs from `rocmark:finetune`, key by key. */
  overrides: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});

const parts = {
  software: z.strictObject({ minFreeDiskGiB: z.number().positive().default(8) }).prefault({}),
  finetune: recipeSchema,
  experiment: z.strictObject({
    name: nodeName,
    seed: z.int().min(0),
    arms: z.array(arm).min(1),
    scenarios: z.array(scenario).min(1),
  }),
};

const stackSchema = z.discriminatedUnion("target", [
  z.strictObject({ target: z.literal("local"), nodes: localNodes, ...parts }),
  z.strictObject({
    target: z.literal("ssh"),
    nodes: z.strictObject({ hosts: z.array(host).min(1) }),
    ...parts,
  }),
]);

export type StackConfig = z.output<typeof stackSchema>;

/** Names of the stack's nodes, in order. */
export const nodeNames = (stack: StackConfig): string[] =>
  stack.target === "local"
    ? Array.from({ length: stack.nodes.count }, (_, index) => `node-${index}`)
    : stack.nodes.hosts.map((entry) => entry.name);

/**
 * A stack's config, complete and checked.
 *
 * @param values the stack's values below `rocmark:`, each parsed from JSON where it is structured
 * @param file the file they come from, for the message
 * @throws RocmarkError E_CONFIG naming each key that is off, what was found there and what is allowed
 */
export function parseStack(values: Record<string, unknown>, file: string): StackConfig {
  const parsed = stackSchema.safeParse(values, { reportInput: true });
  const problems = parsed.success ? crossChecks(parsed.data) : parsed.error.issues.map(describe);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new RocmarkError(
    "E_CONFIG",
    `${file} does not describe a stack:\n${problems.map((line) => `  - ${line}`).join("\n")}\n` +
      "Each key is explained in stacks/Pulumi.local.yaml and stacks/Pulumi.ssh.yaml.",
  );
}

/** The fine-tune of one scenario: the stack's `finetune` with the scenario's overrides, checked again. */
export function scenarioRecipe(stack: StackConfig, label: string): z.output<typeof recipeSchema> {
  const overrides: Record<string, object> =
    stack.experiment.scenarios.find((entry) => entry.label === label)?.overrides ?? {};
  const merged: Record<string, unknown> = { ...stack.finetune };
  for (const [section, values] of Object.entries(overrides)) {
    merged[section] = { ...(merged[section] as object | undefined), ...values };
  }
  return recipeSchema.parse(merged);
}

// What one schema cannot see: values that must fit together. Each problem names its key as the user typed it.
function crossChecks(stack: StackConfig): string[] {
  const names = nodeNames(stack);
  const problems = duplicates(names).map((name) => `rocmark:nodes: two nodes are called "${name}"`);
  const { arms, scenarios } = stack.experiment;
  for (const name of duplicates(arms.map((entry) => entry.name))) {
    problems.push(`rocmark:experiment.arms: two arms are called "${name}"`);
  }
  for (const label of duplicates(scenarios.map((entry) => entry.label))) {
    problems.push(`rocmark:experiment.scenarios: two scenarios are called "${label}"`);
  }
  for (const [index, entry] of arms.entries()) {
    if (entry.nodes > names.length) {
      problems.push(
        `rocmark:experiment.arms.${index}.nodes: ${entry.nodes} nodes are asked for, the stack has ${names.length}; raise rocmark:nodes or lower this`,
      );
    }
  }
  for (const [index, entry] of scenarios.entries()) {
    const key = `rocmark:experiment.scenarios.${index}`;
    const merged = recipeSchema.safeParse({
      ...stack.finetune,
      ...mergeSections(stack.finetune, entry.overrides),
    });
    if (!merged.success) {
      problems.push(
        ...merged.error.issues.map((issue) => `${key}.overrides.${issue.path.join(".")}: ${issue.message}`),
      );
      continue;
    }
    const { effectiveBatch, microBatch } = merged.data.training;
    for (const { name, nodes, recipe } of arms) {
      if (recipe === "fast" && effectiveBatch % nodes !== 0) {
        problems.push(
          `rocmark:finetune.training.effectiveBatch: ${effectiveBatch} does not divide into ${nodes} node(s) for arm "${name}"`,
        );
      }
      if (recipe === "walkthrough" && effectiveBatch % (microBatch * nodes) !== 0) {
        problems.push(
          `rocmark:finetune.training.effectiveBatch: ${effectiveBatch} does not divide into ${nodes} node(s) x microBatch ${microBatch} ` +
            `for arm "${name}"; take an effective batch that is a multiple of ${microBatch * nodes}, or another microBatch`,
        );
      }
    }
  }
  return [...new Set(problems)];
}

const mergeSections = (base: object, overrides: Record<string, Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(overrides).map(([section, values]) => [
      section,
      { ...(base as Record<string, object>)[section], ...values },
    ]),
  );

const duplicates = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, at) => names.indexOf(name) !== at)),
];

function describe(issue: z.core.$ZodIssue): string {
  const key = `rocmark:${issue.path.join(".") || "*"}`;
  if (issue.code === "unrecognized_keys") {
    return `${issue.path.length === 0 ? "rocmark:" : `${key}.`}${issue.keys.join(", ")}: no such key`;
  }
  const found = issue.input === undefined ? "nothing" : JSON.stringify(issue.input)?.slice(0, 60);
  return `${key}: ${issue.message.replace(/, received .*$/, "")}, found ${found}`;
}
