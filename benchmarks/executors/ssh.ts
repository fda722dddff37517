import { messageOf, RocmarkError } from "../errors.ts";
import type { ExperimentNode } from "../experiment.ts";
import { parseRecord } from "../parseRecord.ts";
import type { RunRecord } from "../record.ts";
import { type PlannedRun, renderFailedRecord } from "../trainerConfig.ts";
import { downloadAdapter } from "./adapter.ts";
import type { Dialer } from "./connection.ts";
import { type Execution, launchRun, type Part } from "./launch.ts";
import { renderSweep, runDirectory } from "./scripts.ts";

/**
 * Makes one run on its nodes over SSH and returns its record: the trainer's own, or one made here that says why there is
 * none. Throws only when aborted.
 */
export async function executeRun(run: PlannedRun, dialer: Dialer, execution: Execution): Promise<RunRecord> {
  const startedAt = new Date();
  const clock = performance.now();
  const failed = (outcome: "failed" | "timeout", code: string, message: string) =>
    renderFailedRecord(run, {
      outcome,
      code,
      message,
      startedAt,
      seconds: (performance.now() - clock) / 1000,
    });
  const limit = AbortSignal.timeout(run.scenario.timeoutSeconds * 1000);
  const signal = AbortSignal.any([execution.signal, limit]);
  try {
    const parts = await launchRun(run, dialer, execution, signal);
    if (execution.signal.aborted) throw execution.signal.reason;
    if (limit.aborted) return await timedOut(run, dialer, parts, failed);
    return await finish(run, dialer, parts, execution, failed);
  } catch (cause) {
    await sweep(run, dialer);
    if (execution.signal.aborted) throw execution.signal.reason;
    if (limit.aborted) return failed("timeout", "E_TIMEOUT", timeoutMessage(run, []));
    const code = cause instanceof RocmarkError ? cause.code : "E_NODE";
    return failed("failed", code, messageOf(cause));
  }
}

type Failed = (outcome: "failed" | "timeout", code: string, message: string) => RunRecord;

async function finish(
  run: PlannedRun,
  dialer: Dialer,
  parts: readonly Part[],
  execution: Execution,
  failed: Failed,
): Promise<RunRecord> {
  const record = ownRecord(run, parts);
  // The first to end: the others end because of it.
  const [broken] = parts.filter(({ exitCode }) => exitCode !== 0).sort((a, b) => a.endedAt - b.endedAt);
  if (record instanceof RocmarkError) {
    if (broken !== undefined) await sweep(run, dialer);
    return broken === undefined
      ? failed("failed", record.code, record.message)
      : failed("failed", "E_TRAINER", ended(broken));
  }
  if (record.outcome === "ok" && broken !== undefined) {
    await sweep(run, dialer);
    return failed("failed", "E_TRAINER", ended(broken));
  }
  if (record.outcome !== "ok") return { ...record, error: explained(record, broken, run), adapter: null };
  if (record.adapter === null) return record;
  const first = run.nodes[0] as ExperimentNode;
  const connection = await dialer.connect(first, execution.signal);
  const path = await downloadAdapter(connection, {
    directory: `${runDirectory(first.root, run.id)}/adapter`,
    records: execution.recordsDirectory,
    id: run.id,
    sha256: record.adapter.sha256,
    signal: execution.signal,
  });
  return { ...record, adapter: { ...record.adapter, path } };
}

/** The trainer's own words; where another node ended first, the first rank only saw the connection break. */
function explained({ error }: RunRecord, broken: Part | undefined, run: PlannedRun): RunRecord["error"] {
  if (error === null || broken === undefined || broken.node === run.nodes[0]) return error;
  return { ...error, message: `${error.message}\n${ended(broken)}` };
}

async function timedOut(
  run: PlannedRun,
  dialer: Dialer,
  parts: readonly Part[],
  failed: Failed,
): Promise<RunRecord> {
  await sweep(run, dialer);
  const error = { code: "E_TIMEOUT", message: timeoutMessage(run, parts) };
  const record = ownRecord(run, parts);
  // Ended by us, the trainer may still have said how far it came.
  if (record instanceof RocmarkError) return failed("timeout", error.code, error.message);
  return { ...record, outcome: "timeout", error, adapter: null };
}

/** The record on the last line of the first rank's stdout, or what is wrong with it. */
function ownRecord(run: PlannedRun, parts: readonly Part[]): RunRecord | RocmarkError {
  const line = parts[0]?.stdout.trimEnd().split("\n").at(-1) ?? "";
  if (line === "")
    return new RocmarkError("E_TRAINER", "The trainer ended without a record on its last line.");
  try {
    const record = parseRecord(line, `the trainer on ${run.nodes[0]?.name}`);
    const same = record.id === run.id && record.arm === run.arm.name && record.experiment === run.experiment;
    if (same && record.repeat === run.repeat) return record;
    return new RocmarkError(
      "E_TRAINER",
      `The trainer's record is of another run: wanted ${run.id}, found ${record.id}.`,
    );
  } catch (cause) {
    if (cause instanceof RocmarkError) return cause;
    throw cause;
  }
}

function ended({ node, exitCode, lastLines, error }: Part): string {
  const how = exitCode !== null ? `exit code ${exitCode}` : error !== null ? messageOf(error) : "a signal";
  return [`Node "${node.name}": the trainer ended with ${how}.`, ...lastLines.slice(-15)].join("\n");
}

function timeoutMessage(run: PlannedRun, parts: readonly Part[]): string {
  const last = parts[0]?.lastLines.at(-1);
  return (
    `The run did not end within timeoutSeconds ${run.scenario.timeoutSeconds} of scenario "${run.scenario.label}".` +
    (last ? ` It last said: ${last}` : "")
  );
}

/** Makes sure that nothing of a run is left on its nodes, also where the connection that started it is gone. */
async function sweep(run: PlannedRun, dialer: Dialer): Promise<void> {
  await Promise.all(
    run.nodes.map(async (node) => {
      try {
        const connection = await dialer.connect(node, AbortSignal.timeout(10_000));
        await connection.exec(renderSweep(runDirectory(node.root, run.id)), {
          shell: "posix",
          timeoutSeconds: 30,
        });
      } catch {
        // The node is gone; whatever ran there is `rocmark reap`'s to find when it is back.
      }
    }),
  );
}
