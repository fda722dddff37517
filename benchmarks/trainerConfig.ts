import { randomBytes } from "node:crypto";
import { RocmarkError } from "./errors.ts";
import { type Experiment, type ExperimentNode, withVariant } from "./experiment.ts";
import type { RunRecord } from "./record.ts";
import type { ScheduledRun } from "./schedule.ts";

/** A run that is about to be made: its id, its nodes in the order of ranks, and the trainer's config. */
export interface PlannedRun extends ScheduledRun {
  id: string;
  experiment: string;
  nodes: readonly ExperimentNode[];
  ranksPerNode: number;
  config: Record<string, unknown>;
}

/** A run's id: when, to the second in UTC, and 32 random bits. */
export function newRunId(now = new Date()): string {
  return `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}-${randomBytes(4).toString("hex")}`;
}

/** What the trainer is told for one scheduled run of an experiment. */
export function planRun(experiment: Experiment, scheduled: ScheduledRun, id: string): PlannedRun {
  const { arm, scenario, repeat } = scheduled;
  const nodes = arm.nodes.map((name) => {
    const node = experiment.nodes.find((candidate) => candidate.name === name);
    if (node === undefined)
      throw new RocmarkError("E_SPEC", `Arm "${arm.name}" wants node "${name}", which is not there.`);
    return withVariant(node, arm.variant);
  });
  const ranksPerNode = arm.ranksPerNode ?? 1;
  const name = `${experiment.name}/${scenario.label}`;
  const config = {
    schema: 1,
    run: { id, stack: experiment.stack, experiment: name, arm: arm.name, scenario: scenario.name, repeat },
    code: experiment.code,
    fingerprints: nodes.map(({ fingerprint }) => fingerprint),
    recipe: arm.recipe,
    ...scenario.config,
    threads: nodes[0]?.threads ?? null,
    world: {
      nodes: arm.nodes,
      ranksPerNode,
      transport: arm.transport ?? "auto",
      timeoutSeconds: Math.min(300, scenario.timeoutSeconds),
    },
  };
  return { ...scheduled, id, experiment: name, nodes, ranksPerNode, config };
}

/** The record of a run that could not say anything for itself. */
export function renderFailedRecord(
  run: PlannedRun,
  {
    outcome,
    code,
    message,
    startedAt,
    seconds,
  }: { outcome: "failed" | "timeout"; code: string; message: string; startedAt: Date; seconds: number },
): RunRecord {
  const { training, seed } = run.config as { training?: { effectiveBatch?: unknown }; seed?: unknown };
  const effectiveBatch = training?.effectiveBatch;
  return {
    schema: 1,
    id: run.id,
    startedAt: startedAt.toISOString(),
    stack: (run.config.run as { stack: string | null }).stack,
    experiment: run.experiment,
    arm: run.arm.name,
    scenario: run.scenario.name,
    repeat: run.repeat,
    outcome,
    error: { code, message },
    config: run.config,
    seed: typeof seed === "number" ? seed : 0,
    fingerprints: run.nodes.map(({ fingerprint }) => fingerprint),
    code: run.config.code as RunRecord["code"],
    world: {
      nodes: [...run.arm.nodes],
      ranks: run.nodes.length * run.ranksPerNode,
      effectiveBatch: typeof effectiveBatch === "number" ? effectiveBatch : 1,
      transport: null,
      device: null,
    },
    phases: { total: seconds },
    steps: null,
    memory: { predictedGiB: null, peakAllocatedGiB: null, peakReservedGiB: null, peakResidentGiB: null },
    evaluation: null,
    adapter: null,
    efficiency: null,
    compileCache: null,
    resumedFrom: null,
  };
}
