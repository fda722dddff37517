import { randomBytes } from "node:crypto";
import type { Experiment } from "../experiment.ts";
import type { Code, RunRecord } from "../record.ts";
import type { ScheduledRun } from "../schedule.ts";

/** A run's name: when it was made, to the second, and eight random digits. */
export function createRunId(now: Date): string {
  return `${now.toISOString().slice(0, 19).replace(/[-:]/g, "")}-${randomBytes(4).toString("hex")}`;
}

/** Seconds a collective may take: a lost node is noticed well before the run's own limit. */
const collectiveSeconds = (timeoutSeconds: number): number => Math.max(10, Math.min(300, timeoutSeconds / 2));

/** The trainer's config of one run, complete; `python -m trainer` checks it. */
export function renderRunConfig(
  experiment: Experiment,
  run: ScheduledRun,
  id: string,
  code: Code,
): Record<string, unknown> {
  const { arm, scenario, repeat } = run;
  const nodes = experiment.nodes.filter(({ name }) => arm.nodes.includes(name));
  // Ranks wait for each other: a node with fewer threads than the rest sets the pace for all.
  const threads = nodes.map((node) => node.threads).filter((count) => count !== null);
  return {
    ...scenario.config,
    schema: 1,
    run: {
      id,
      stack: experiment.stack,
      experiment: `${experiment.name}/${scenario.label}`,
      arm: arm.name,
      scenario: scenario.name,
      repeat,
    },
    code,
    fingerprints: nodes.map((node) => node.fingerprint),
    recipe: arm.recipe,
    threads: threads.length === 0 ? null : Math.min(...threads),
    world: {
      nodes: arm.nodes,
      ranksPerNode: arm.ranksPerNode ?? 1,
      transport: arm.transport ?? "auto",
      timeoutSeconds: collectiveSeconds(scenario.timeoutSeconds),
    },
  };
}

/** What a run that left no record of its own leaves: its outcome, why, and how long it took. */
export function renderLostRecord(
  config: Record<string, unknown>,
  lost: { outcome: "failed" | "timeout"; code: string; message: string; startedAt: Date; seconds: number },
): RunRecord {
  const { run, world, training, seed, code, fingerprints } = config as {
    run: Pick<RunRecord, "id" | "stack" | "experiment" | "arm" | "scenario" | "repeat">;
    world: { nodes: string[]; ranksPerNode: number };
    training?: { effectiveBatch?: number };
    seed?: number;
    code: Code;
    fingerprints: RunRecord["fingerprints"];
  };
  return {
    schema: 1,
    ...run,
    startedAt: lost.startedAt.toISOString(),
    outcome: lost.outcome,
    error: { code: lost.code, message: lost.message.slice(0, 4000) },
    config,
    seed: seed ?? 0,
    fingerprints,
    code,
    world: {
      nodes: world.nodes,
      ranks: world.nodes.length * world.ranksPerNode,
      effectiveBatch: training?.effectiveBatch ?? 1,
      transport: null,
      device: null,
    },
    phases: { total: lost.seconds },
    steps: null,
    memory: { predictedGiB: null, peakAllocatedGiB: null, peakReservedGiB: null, peakResidentGiB: null },
    evaluation: null,
    adapter: null,
  };
}
