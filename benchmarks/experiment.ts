import { z } from "zod";
import { specRefused } from "./errors.ts";
import { nestingDepth } from "./nesting.ts";
import { maxNesting, maxRecordBytes } from "./parseRecord.ts";
import { codeSchema, fingerprintSchema, nameSchema } from "./record.ts";

/** Absolute, and free of what a shell or a terminal would take for something else. */
const absolutePath = z
  .string()
  .regex(/^\/[^\0\n]*$/, "an absolute path")
  .refine((path) => !path.split("/").includes(".."), "a path without ..");

const node = z.strictObject({
  name: nameSchema,
  host: z.string().min(1),
  port: z.int().min(1).max(65535),
  user: z.string().min(1),
  /** The host's public key in OpenSSH's form. */
  hostKey: z.string().min(1),
  privateKeyFile: absolutePath,
  /** Directory on the node that rocmark owns. */
  root: absolutePath,
  python: absolutePath,
  /** Directory on the node that holds the package `trainer`. */
  bundle: absolutePath,
  /** Address at which other nodes reach this one. */
  peerAddress: z.string().min(1),
  /** Threads of a rank on a CPU; null for torch's own choice. */
  threads: z.int().positive().nullable(),
  fingerprint: fingerprintSchema,
  /** Interpreter and fingerprint by variant, where a node has several environments; else the two above are the only ones. */
  environments: z
    .record(nameSchema, z.strictObject({ python: absolutePath, fingerprint: fingerprintSchema }))
    .optional(),
});

export const armSchema = z.strictObject({
  name: nameSchema,
  nodes: z.array(nameSchema).min(1),
  recipe: z.string().min(1),
  variant: z.string().min(1),
  /** @default 1 */
  ranksPerNode: z.int().positive().optional(),
  /** @default "auto" */
  transport: z.enum(["auto", "gloo", "nccl"]).optional(),
});

export const scenarioSchema = z.strictObject({
  name: z.enum(["finetune", "evaluate"]),
  label: nameSchema,
  repeats: z.int().min(1).max(10_000),
  timeoutSeconds: z
    .number()
    .positive()
    .max(7 * 24 * 3600),
  /** Part of the trainer's config, which the trainer checks. */
  config: z.record(z.string(), z.unknown()),
});

const experimentSchema = z.strictObject({
  schema: z.literal(1),
  stack: z.string().nullable(),
  name: nameSchema,
  seed: z.int(),
  recordsDirectory: absolutePath,
  nodes: z.array(node).min(1),
  code: codeSchema,
  arms: z.array(armSchema).min(1),
  scenarios: z.array(scenarioSchema).min(1),
});

/** What is to be measured, where and how often. */
export type Experiment = z.infer<typeof experimentSchema>;
export type Arm = Experiment["arms"][number];
export type Scenario = Experiment["scenarios"][number];
export type ExperimentNode = Experiment["nodes"][number];

/** A node as an arm of a variant uses it: with the variant's interpreter and fingerprint. */
export const withVariant = (node: ExperimentNode, variant: string): ExperimentNode => ({
  ...node,
  ...node.environments?.[variant],
});

/** Keys of the trainer's config that an experiment decides itself. */
const decided = ["schema", "run", "code", "fingerprints", "recipe", "world", "threads"];

/** An experiment from text; `source` names it in an error. */
export function parseExperiment(text: string, source: string): Experiment {
  if (text.length > maxRecordBytes || nestingDepth(text, maxNesting) > maxNesting)
    throw specRefused(source, "", "is too large or nests too deeply");
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw specRefused(
      source,
      "",
      `wanted one JSON document, found ${text.trim() === "" ? "nothing" : "other text"}`,
    );
  }
  const parsed = experimentSchema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw specRefused(source, issue?.path.join(".") ?? "", issue?.message ?? "is not valid");
  }
  refuseContradictions(parsed.data, source);
  return parsed.data;
}

function refuseContradictions({ nodes, arms, scenarios }: Experiment, source: string): void {
  const once = (key: string, names: string[]) => {
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw specRefused(source, key, `"${twice}" is there twice`);
  };
  const known = nodes.map(({ name }) => name);
  once("nodes", known);
  once(
    "arms",
    arms.map(({ name }) => name),
  );
  once(
    "scenarios",
    scenarios.map(({ label }) => label),
  );
  for (const [i, { name, nodes: wanted, variant }] of arms.entries()) {
    once(`arms.${i}.nodes`, wanted);
    const missing = wanted.find((node) => !known.includes(node));
    if (missing !== undefined)
      throw specRefused(
        source,
        `arms.${i}.nodes`,
        `arm "${name}" wants node "${missing}"; there are ${known.join(", ")}`,
      );
    const lacking = nodes.find(
      (node) => wanted.includes(node.name) && node.environments && !(variant in node.environments),
    );
    if (lacking !== undefined)
      throw specRefused(
        source,
        `arms.${i}.variant`,
        `arm "${name}" wants the environment "${variant}"; node "${lacking.name}" has ${Object.keys(lacking.environments ?? {}).join(", ")}`,
      );
  }
  for (const [i, { config }] of scenarios.entries()) {
    const key = decided.find((key) => key in config);
    if (key !== undefined)
      throw specRefused(
        source,
        `scenarios.${i}.config.${key}`,
        "is decided by the experiment, not by a scenario",
      );
  }
}
