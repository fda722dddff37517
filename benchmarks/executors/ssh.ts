import { messageOf, RocmarkError } from "../errors.ts";
import type { ExperimentNode } from "../experiment.ts";
import { parseRecord } from "../parseRecord.ts";
import type { RunRecord } from "../record.ts";
import { type PlannedRun, renderFailedRecord } from "../trainerConfig.ts";
import { downloadAdapter } from "./adapter.ts";
import type { Dialer, NodeConnection } from "./connection.ts";
import { Lines } from "./lines.ts";
import { type Launch, renderFreePort, renderLaunch, renderSweep, runDirectory } from "./scripts.ts";

/** Seconds the other nodes get to end by themselves after one has failed: the first rank may still tell why. */
const failureGrace = 10;
const portAttempts = 3;
const keptLines = 200;

/** What an execution reports to and is ended by. */
export interface Execution {
  recordsDirectory: string;
  /** Takes a line of the first rank's progress. */
  onProgress(line: string): void;
  /** Seconds between a node's failure and the end of the others. @default 10 */
  failureGraceSeconds?: number;
  /** Aborts the run; no record is made then. */
  signal: AbortSignal;
}

/** How one node's part ended. */
interface Part {
  node: ExperimentNode;
  exitCode: number | null;
  stdout: string;
  /** The end of what it said on stderr. */
  lastLines: string[];
  /** When, in milliseconds of {@link performance.now}. */
  endedAt: number;
  error: unknown;
}

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
    const parts = await launch(run, dialer, execution, signal);
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
  if (record.outcome !== "ok") return { ...record, adapter: null };
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

/** Config to every node, a port that is free, all ranks at once; tried again when the port was taken meanwhile. */
async function launch(
  run: PlannedRun,
  dialer: Dialer,
  execution: Execution,
  signal: AbortSignal,
): Promise<Part[]> {
  const connections = await Promise.all(run.nodes.map((node) => dialer.connect(node, signal)));
  await Promise.all(
    run.nodes.map(async (node, i) => {
      const config = { ...run.config, threads: node.threads };
      const path = `${runDirectory(node.root, run.id)}/config.json`;
      await (connections[i] as NodeConnection).upload(Buffer.from(`${JSON.stringify(config)}\n`), path, {
        mode: 0o600,
      });
    }),
  );
  for (let attempt = 1; ; attempt++) {
    const port = run.nodes.length * run.ranksPerNode > 1 ? await freePort(run, connections, signal) : 0;
    const parts = await launchOnce(run, connections, port, execution, signal);
    const taken = parts.some(({ lastLines }) =>
      lastLines.some((line) => /EADDRINUSE|address already in use/i.test(line)),
    );
    if (!taken || port === 0 || attempt === portAttempts || signal.aborted) return parts;
    execution.onProgress(`port ${port} was taken meanwhile; trying another one`);
  }
}

async function launchOnce(
  run: PlannedRun,
  connections: readonly NodeConnection[],
  port: number,
  execution: Execution,
  signal: AbortSignal,
): Promise<Part[]> {
  const failure = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const parts = run.nodes.map(async (node, i): Promise<Part> => {
    const part: Part = { node, exitCode: null, stdout: "", lastLines: [], endedAt: 0, error: null };
    const progress = new Lines((line) => {
      part.lastLines = [...part.lastLines.slice(-(keptLines - 1)), line];
      if (i === 0) execution.onProgress(line);
    });
    try {
      const { exitCode } = await (connections[i] as NodeConnection).exec(
        renderLaunch(launchOf(run, i, port)),
        {
          shell: "posix",
          signal: AbortSignal.any([signal, failure.signal]),
          onStdout: (text) => {
            part.stdout += text;
          },
          onStderr: (text) => progress.push(text),
        },
      );
      part.exitCode = exitCode;
    } catch (cause) {
      part.error = cause;
    }
    part.endedAt = performance.now();
    progress.end();
    if (part.exitCode !== 0)
      timer ??= setTimeout(() => failure.abort(), (execution.failureGraceSeconds ?? failureGrace) * 1000);
    return part;
  });
  const ended = await Promise.all(parts);
  clearTimeout(timer);
  return ended;
}

function launchOf(run: PlannedRun, nodeRank: number, port: number): Launch {
  const node = run.nodes[nodeRank] as ExperimentNode;
  const numNodes = run.nodes.length;
  return {
    directory: runDirectory(node.root, run.id),
    bundle: node.bundle,
    python: node.python,
    verb: run.scenario.name === "evaluate" ? "evaluate" : "train",
    threads: node.threads,
    world:
      numNodes * run.ranksPerNode === 1
        ? null
        : {
            numNodes,
            nodeRank,
            ranksPerNode: run.ranksPerNode,
            address: run.nodes[0]?.peerAddress ?? node.peerAddress,
            port,
          },
  };
}

async function freePort(
  run: PlannedRun,
  connections: readonly NodeConnection[],
  signal: AbortSignal,
): Promise<number> {
  const [node, connection] = [run.nodes[0] as ExperimentNode, connections[0] as NodeConnection];
  const script = renderFreePort(node.python);
  const { stdout, stderr } = await connection.exec(script, { shell: "posix", timeoutSeconds: 60, signal });
  const port = Number(stdout.trim());
  if (!Number.isInteger(port) || port < 1)
    throw new RocmarkError(
      "E_NODE",
      `Node "${node.name}": wanted a free port from ${node.python}, found ${stderr.trim() || stdout}`,
    );
  return port;
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
