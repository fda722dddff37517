import { z } from "zod";
import type { StackNode } from "../components/compatibility/groups.ts";
import { nodeFactsSchema } from "../components/compatibility/inputs.ts";
import { RocmarkError } from "../components/errors.ts";
import { mayOwn } from "../components/scripts/removalScript.ts";
import { recipeSchema } from "../components/training/trainerConfig.ts";
import { experimentProblems, experimentSchema, withOverrides } from "./experiment.ts";
import { duplicates, nameSchema } from "./names.ts";
import {
  environmentNames,
  type FileExists,
  inProject,
  softwareProblems,
  softwareSchema,
} from "./software.ts";

const localNodes = z.strictObject({
  count: z.int().positive().max(64),
  lifetimeHours: z.number().positive().max(720).default(12),
});

const host = z.strictObject({
  name: nameSchema,
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
  /** What the operator knows of the host before it was ever reached. */
  facts: nodeFactsSchema.optional(),
});

const parts = {
  software: softwareSchema,
  finetune: recipeSchema,
  experiment: experimentSchema,
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

/** The stack's nodes with what it states of them, as the version matrix is asked about them. */
export const statedNodes = (stack: StackConfig): StackNode[] =>
  stack.target === "local"
    ? nodeNames(stack).map((name) => ({ name, facts: null }))
    : stack.nodes.hosts.map(({ name, facts = null }) => ({ name, facts }));

/**
 * A stack's config, complete and checked.
 *
 * @param values the stack's values below `rocmark:`, each parsed from JSON where it is structured
 * @param file the file they come from, for the message
 * @param exists whether a lock that the stack names is there
 * @throws RocmarkError E_CONFIG naming each key that is off, what was found there and what is allowed
 */
export function parseStack(
  values: Record<string, unknown>,
  file: string,
  exists: FileExists = inProject,
): StackConfig {
  const parsed = stackSchema.safeParse(values, { reportInput: true });
  const problems = parsed.success ? crossChecks(parsed.data, exists) : parsed.error.issues.map(describe);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new RocmarkError(
    "E_CONFIG",
    `${file} does not describe a stack:\n${problems.map((line) => `  - ${line}`).join("\n")}\n` +
      "Each key is explained in stacks/Pulumi.local.yaml and stacks/Pulumi.ssh.yaml.",
  );
}

/** The fine-tune of one scenario: the stack's `finetune` with the scenario's overrides, checked again. */
export function scenarioRecipe(stack: StackConfig, label: string): z.output<typeof recipeSchema> {
  const scenario = stack.experiment.scenarios.find((entry) => entry.label === label);
  return recipeSchema.parse(withOverrides(stack.finetune, scenario?.overrides ?? {}));
}

/** Folders of the trainer that hold a model or data which no scenario asks for: most of what goes to each node. */
export function unusedBundled(stack: StackConfig): string[] {
  const recipes = stack.experiment.scenarios.map(({ label }) => scenarioRecipe(stack, label));
  return (["model", "data"] as const)
    .filter((part) => recipes.every((recipe) => recipe[part].name !== "bundled"))
    .map((part) => `bundled/${part}`);
}

// What one schema cannot see: values that must fit together. Each problem names its key as the user typed it.
function crossChecks(stack: StackConfig, exists: FileExists): string[] {
  const names = nodeNames(stack);
  return [
    ...new Set([
      ...duplicates(names).map((name) => `rocmark:nodes: two nodes are called "${name}"`),
      ...softwareProblems(stack.software, stack.target, exists),
      ...experimentProblems(stack.experiment, stack.finetune, {
        numNodes: names.length,
        environments: environmentNames(stack.software),
      }),
    ]),
  ];
}

function describe(issue: z.core.$ZodIssue): string {
  const key = `rocmark:${issue.path.join(".") || "*"}`;
  if (issue.code === "unrecognized_keys") {
    return `${issue.path.length === 0 ? "rocmark:" : `${key}.`}${issue.keys.join(", ")}: no such key`;
  }
  const found = issue.input === undefined ? "nothing" : JSON.stringify(issue.input)?.slice(0, 60);
  return `${key}: ${issue.message.replace(/, received .*$/, "")}, found ${found}`;
}
