import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { runChild } from "../childProcess.ts";
import { project } from "../commands/place.ts";
import { RocmarkError, refusal } from "../errors.ts";
import type { Arm, Scenario } from "../experiment.ts";
import { findPython } from "./python.ts";
import type { Question } from "./question.ts";

const gib = z.number();

/** What `python -m trainer plan` prints. */
const planSchema = z.strictObject({
  schema: z.literal(1),
  model: z.string(),
  recipe: z.string(),
  precision: z.string(),
  /** The config's key for the samples that go through at once, and how many they are. */
  batch: z.strictObject({ key: z.string(), samples: z.int() }),
  assumed: z.strictObject({
    longest: z.int(),
    meanLength: z.int(),
    targetShare: z.number(),
    reservedShare: z.number(),
  }),
  predicted: z.strictObject({
    peakGiB: gib,
    moment: z.string(),
    partsGiB: z.record(z.string(), gib),
    evaluationAtMostGiB: gib,
  }),
  gpus: z.array(
    z.strictObject({
      name: z.string(),
      memoryGB: z.number(),
      usableGiB: gib,
      neededGiB: gib,
      fits: z.boolean(),
      /** Why the GPU cannot run it whatever its memory. */
      refused: z.string().nullable(),
      headroomGiB: gib,
      headroomPercent: z.number(),
      largestBatch: z.int(),
    }),
  ),
});

export type MemoryPlan = z.infer<typeof planSchema>;

/** What an arm needs in that of its scenarios that needs most. */
export interface MemoryNeed {
  arm: string;
  scenario: string;
  plan: MemoryPlan;
}

/** Predicts, by the trainer's own formulas, what each arm needs; starts no run and needs no torch. */
export async function planMemory({ experiment: { arms, scenarios } }: Question): Promise<MemoryNeed[]> {
  const python = await findPython();
  const folder = await mkdtemp(join(tmpdir(), "rocmark-plan-"));
  try {
    const most: MemoryNeed[] = [];
    for (const arm of arms) {
      const needs: MemoryNeed[] = [];
      for (const scenario of scenarios)
        needs.push({
          arm: arm.name,
          scenario: scenario.label,
          plan: await askTrainer(python, folder, arm, scenario),
        });
      most.push(needs.reduce((a, b) => (neededGiB(b) > neededGiB(a) ? b : a)));
    }
    return most;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const neededGiB = ({ plan }: MemoryNeed): number => plan.gpus[0]?.neededGiB ?? 0;

async function askTrainer(python: string, folder: string, arm: Arm, scenario: Scenario): Promise<MemoryPlan> {
  const file = join(folder, "config.json");
  await writeFile(file, JSON.stringify(toConfig(arm, scenario)));
  const { code, stdout, stderr } = await runChild(python, ["-m", "trainer", "plan", "--config", file], {
    cwd: project,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  if (code === 0) return planSchema.parse(JSON.parse(stdout));
  const why = stderr
    .trim()
    .replace(/^rocmark: /, "")
    .replaceAll(file, "its config");
  const message = `Memory of arm "${arm.name}" in "${scenario.label}": ${why}`;
  throw code === 2 ? refusal("E_MEMORY", message) : new RocmarkError("E_MEMORY", message);
}

// Complete, because the trainer refuses a config that is not; of what is only known when a run starts the memory does not depend.
function toConfig(arm: Arm, scenario: Scenario): Record<string, unknown> {
  return {
    schema: 1,
    run: {
      id: "planned-run",
      stack: null,
      experiment: scenario.label,
      arm: arm.name,
      scenario: scenario.name,
      repeat: 0,
    },
    code: { version: "0", commit: null, dirty: null, bundle: null },
    fingerprints: [],
    recipe: arm.recipe,
    ...scenario.config,
    threads: null,
    world: {
      nodes: arm.nodes,
      ranksPerNode: arm.ranksPerNode ?? 1,
      transport: arm.transport ?? "auto",
      timeoutSeconds: 300,
    },
  };
}
