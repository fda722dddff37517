import { RocmarkError } from "./errors.ts";
import type { Dialer } from "./executors/connection.ts";
import { NodeLock } from "./executors/nodeLock.ts";
import { executeRun } from "./executors/ssh.ts";
import type { Experiment } from "./experiment.ts";
import type { RunRecord } from "./record.ts";
import { type ScheduledRun, scheduleRuns } from "./schedule.ts";
import { writeRecord } from "./store/store.ts";
import { newRunId, planRun } from "./trainerConfig.ts";

/** What one run left. */
export interface Measured {
  record: RunRecord;
  path: string;
}

/** Who listens to a measurement, and who may end it. */
export interface Measurement {
  dialer: Dialer;
  /** Called before each run. */
  onRun(run: ScheduledRun, at: number, of: number): void;
  /** Called after each run. */
  onMeasured(measured: Measured): void;
  /** Takes a line of the first rank's progress, or one of ours. */
  onProgress(line: string): void;
  signal: AbortSignal;
}

/**
 * Makes every run of an experiment in its scheduled order and stores a record of each. A run that fails is a record with
 * another outcome, and the next one follows. Holds a lock on all nodes meanwhile. Throws when aborted; what was measured
 * until then stays in the store, and the run that was under way leaves no record.
 */
export async function measure(experiment: Experiment, measurement: Measurement): Promise<Measured[]> {
  const { dialer, onRun, onMeasured, onProgress, signal } = measurement;
  const schedule = scheduleRuns(experiment);
  const used = new Set(experiment.arms.flatMap(({ nodes }) => nodes));
  const nodes = experiment.nodes.filter(({ name }) => used.has(name));
  const lock = new NodeLock(dialer);
  const measured: Measured[] = [];
  try {
    await lock.take(nodes, schedule[0]?.scenario.timeoutSeconds ?? 0, signal);
    for (const [i, scheduled] of schedule.entries()) {
      signal.throwIfAborted();
      onRun(scheduled, i + 1, schedule.length);
      if (i > 0) await renew(lock, nodes, scheduled.scenario.timeoutSeconds, measurement);
      const run = planRun(experiment, scheduled, newRunId());
      const { recordsDirectory } = experiment;
      const record = await executeRun(run, dialer, { recordsDirectory, onProgress, signal });
      measured.push({ record, path: await writeRecord(recordsDirectory, record) });
      onMeasured(measured.at(-1) as Measured);
    }
  } finally {
    await lock.release();
  }
  return measured;
}

/** A node that cannot be reached fails its own runs, not the others: only a lock that was lost ends the suite. */
async function renew(
  lock: NodeLock,
  nodes: Experiment["nodes"],
  seconds: number,
  { signal, onProgress }: Measurement,
): Promise<void> {
  try {
    await lock.renew(nodes, seconds, signal);
  } catch (cause) {
    if (cause instanceof RocmarkError || signal.aborted) throw cause;
    onProgress(`the lock was not renewed on every node: ${cause instanceof Error ? cause.message : cause}`);
  }
}
