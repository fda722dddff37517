import { RocmarkError } from "../errors.ts";
import type { ExperimentNode } from "../experiment.ts";
import type { PlannedRun } from "../trainerConfig.ts";
import type { Dialer, NodeConnection } from "./connection.ts";
import { Lines } from "./lines.ts";
import { type Launch, renderFreePort, renderLaunch, runDirectory } from "./scripts.ts";

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
export interface Part {
  node: ExperimentNode;
  exitCode: number | null;
  stdout: string;
  /** The end of what it said on stderr. */
  lastLines: string[];
  /** When, in milliseconds of {@link performance.now}. */
  endedAt: number;
  error: unknown;
}

/** Config to every node, a port that is free, all ranks at once; tried again when the port was taken meanwhile. */
export async function launchRun(
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
