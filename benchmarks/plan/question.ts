import { join } from "node:path";
import { z } from "zod";
import { runChild } from "../childProcess.ts";
import { project } from "../commands/place.ts";
import { RocmarkError, refusal } from "../errors.ts";
import { armSchema, type Experiment, scenarioSchema } from "../experiment.ts";
import { nameSchema } from "../record.ts";

/** What is to be planned: the part of an experiment that needs no nodes, and what is asked of the version matrix. */
export interface Question {
  experiment: Pick<Experiment, "name" | "seed" | "arms" | "scenarios">;
  /** What `components/compatibility/main.ts` takes; null where no software is pinned, or where nobody says. */
  versions: unknown;
}

const described = z.strictObject({
  versions: z.looseObject({}).nullable(),
  experiment: z.strictObject({
    name: nameSchema,
    seed: z.int(),
    arms: z.array(armSchema).min(1),
    scenarios: z.array(scenarioSchema).min(1),
  }),
});

/** The file that holds a stack's config. */
export const stackFile = (stack: string): string => join(project, "stacks", `Pulumi.${stack}.yaml`);

/**
 * What the config of a stack asks for, whether it is up or not.
 *
 * @throws RocmarkError E_STACK with what is wrong with the file
 */
export async function readQuestion(file: string): Promise<Question> {
  const program = join(project, "stacks", "describe.ts");
  const { code, stdout, stderr } = await runChild(process.execPath, [program, file]);
  if (code === 2) throw refusal("E_STACK", stderr.trim());
  if (code !== 0) throw new RocmarkError("E_STACK", `${program} ended with ${code}: ${stderr.trim()}`);
  return described.parse(JSON.parse(stdout));
}

/** What one may ask for before there is a stack of one's own: another model, recipe or precision. */
export interface Instead {
  model?: string | undefined;
  recipe?: string | undefined;
  precision?: string | undefined;
}

/** The fine-tune of a question's first arm and scenario with something else instead, on one GPU. */
export function withInstead({ experiment }: Question, { model, recipe, precision }: Instead): Question {
  const [arm] = experiment.arms;
  const [scenario] = experiment.scenarios;
  if (arm === undefined || scenario === undefined)
    throw new RangeError("An experiment has an arm and a scenario.");
  const config = {
    ...scenario.config,
    ...(model === undefined ? {} : { model: { name: model, revision: null } }),
    ...(precision === undefined ? {} : { precision }),
  };
  return {
    versions: null,
    experiment: {
      ...experiment,
      arms: [{ ...arm, name: "one-gpu", nodes: arm.nodes.slice(0, 1), recipe: recipe ?? arm.recipe }],
      scenarios: [{ ...scenario, label: "fine-tune", repeats: 1, config }],
    },
  };
}
