import { z } from "zod";
import { recipeSchema } from "../components/training/trainerConfig.ts";
import { duplicates, nameSchema } from "./names.ts";

type Recipe = z.output<typeof recipeSchema>;
type Overrides = Record<string, unknown>;

const count = z.int().positive();

const arm = z.strictObject({
  name: nameSchema,
  /** How many of the stack's nodes train together. */
  nodes: count,
  recipe: z.enum(["walkthrough", "fast"]).default("walkthrough"),
  /** Which environment it runs in: "default" or one of `rocmark:software.variants`. */
  variant: nameSchema.default("default"),
});

const scenario = z.strictObject({
  label: nameSchema,
  repeats: count,
  timeoutSeconds: z.number().positive().default(1800),
  /** What differs from `rocmark:finetune`: of a section the keys that are named, else the value. */
  overrides: z.record(z.string(), z.unknown()).default({}),
});

/** `rocmark:experiment`: what is compared, and how often it is measured. */
export const experimentSchema = z.strictObject({
  name: nameSchema,
  seed: z.int().min(0),
  arms: z.array(arm).min(1),
  scenarios: z.array(scenario).min(1),
});

export type ExperimentConfig = z.output<typeof experimentSchema>;

/** A recipe with a scenario's overrides, not checked yet. */
export const withOverrides = (recipe: Recipe, overrides: Overrides): Record<string, unknown> => ({
  ...recipe,
  ...Object.fromEntries(
    Object.entries(overrides).map(([key, value]) => [
      key,
      isSection(value) ? { ...Object(recipe[key as keyof Recipe]), ...value } : value,
    ]),
  ),
});

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What of the experiment must fit the rest of the stack; each problem names its key as the user typed it. */
export function experimentProblems(
  { arms, scenarios }: ExperimentConfig,
  finetune: Recipe,
  stack: { numNodes: number; environments: readonly string[] },
): string[] {
  return [
    ...duplicates(arms.map((entry) => entry.name)).map(
      (name) => `rocmark:experiment.arms: two arms are called "${name}"`,
    ),
    ...duplicates(scenarios.map((entry) => entry.label)).map(
      (label) => `rocmark:experiment.scenarios: two scenarios are called "${label}"`,
    ),
    ...arms.flatMap((entry, index) => armProblems(entry, `rocmark:experiment.arms.${index}`, stack)),
    ...scenarios.flatMap((entry, index) => {
      const merged = recipeSchema.safeParse(withOverrides(finetune, entry.overrides));
      return merged.success
        ? arms.flatMap((one) => batchProblems(one, merged.data))
        : merged.error.issues.map(
            (issue) =>
              `rocmark:experiment.scenarios.${index}.overrides.${issue.path.join(".")}: ${issue.message}`,
          );
    }),
  ];
}

type Arm = ExperimentConfig["arms"][number];

function armProblems(
  { nodes, variant }: Arm,
  key: string,
  { numNodes, environments }: { numNodes: number; environments: readonly string[] },
): string[] {
  const problems: string[] = [];
  if (nodes > numNodes)
    problems.push(
      `${key}.nodes: ${nodes} nodes are asked for, the stack has ${numNodes}; raise rocmark:nodes or lower this`,
    );
  if (!environments.includes(variant))
    problems.push(
      `${key}.variant: no variant of rocmark:software.variants is called "${variant}"; the stack has ${environments.join(", ")}`,
    );
  return problems;
}

// The effective batch is the same for every arm, or the arms could not be compared: it has to divide for each.
function batchProblems({ name, nodes, recipe }: Arm, { training }: Recipe): string[] {
  const { effectiveBatch, microBatch } = training;
  const key = `rocmark:finetune.training.effectiveBatch: ${effectiveBatch} does not divide into ${nodes} node(s)`;
  if (recipe === "fast") return effectiveBatch % nodes === 0 ? [] : [`${key} for arm "${name}"`];
  return effectiveBatch % (microBatch * nodes) === 0
    ? []
    : [
        `${key} x microBatch ${microBatch} for arm "${name}"; take an effective batch that is a multiple of ` +
          `${microBatch * nodes}, or another microBatch`,
      ];
}
