import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import type { SshConnection } from "../../ssh/connection.ts";
import { SshPool } from "../../ssh/pool.ts";
import { messageOf, nodeLocked, RocmarkError, runRefused } from "../errors.ts";
import type { Experiment, ExperimentNode } from "../experiment.ts";
import { parseRecord } from "../parseRecord.ts";
import type { Code, RunRecord } from "../record.ts";
import type { ScheduledRun } from "../schedule.ts";
import { keepAdapter, maxAdapterBytes } from "./adapter.ts";
import {
  busyExitCode,
  renderFreePort,
  renderLaunch,
  renderLock,
  renderPackAdapter,
  renderUnlock,
  runDirectory,
} from "./nodeScripts.ts";
import { createRunId, renderLostRecord, renderRunConfig } from "./runConfig.ts";

/** Runs an experiment's runs on its nodes, one after the other, over one connection a node. */
export class SshExecutor {
  private readonly pool = new SshPool();
  private readonly experiment: Experiment;
  private readonly code: Code;
  private readonly signal: AbortSignal;
  private readonly onProgress: (line: string) => void;
  private readonly owner = `${hostname()} ${process.pid}`;

  constructor(experiment: Experiment, code: Code, signal: AbortSignal, onProgress: (line: string) => void) {
    this.experiment = experiment;
    this.code = code;
    this.signal = signal;
    this.onProgress = onProgress;
  }

  /** Takes every node for `seconds`, so that no other suite measures there at the same time. */
  async lock(seconds: number): Promise<void> {
    for (const node of this.experiment.nodes) {
      const connection = await this.connect(node);
      const take = () => connection.exec(renderLock(node, this.owner, seconds), { shell: "posix" });
      let taken = await take();
      if (taken.exitCode === busyExitCode) {
        const [left = "0", holder = ""] = taken.stdout.trim().split("\n");
        if (!isDead(holder)) throw nodeLocked(node.name, holder || "another suite", Number(left));
        await connection.exec(renderUnlock(node, holder), { shell: "posix" });
        taken = await take();
      }
      if (taken.exitCode !== 0)
        throw runRefused(node.name, `a writable ${node.root}/runs`, taken.stderr.trim());
    }
  }

  /** Gives the nodes back and ends the connections. A node that is gone is no failure here. */
  async close(): Promise<void> {
    for (const node of this.experiment.nodes) {
      await this.connect(node)
        .then((connection) =>
          connection.exec(renderUnlock(node, this.owner), { shell: "posix", timeoutSeconds: 10 }),
        )
        .catch(() => undefined);
    }
    await this.pool.close();
  }

  /** One run: its record, also when it failed. Throws only when it was aborted. */
  async run(run: ScheduledRun): Promise<RunRecord> {
    const startedAt = new Date();
    const id = createRunId(startedAt);
    const config = renderRunConfig(this.experiment, run, id, this.code);
    const lost = (outcome: "failed" | "timeout", code: string, message: string) =>
      renderLostRecord(config, {
        outcome,
        code,
        message,
        startedAt,
        seconds: (Date.now() - startedAt.getTime()) / 1000,
      });
    try {
      const outcome = await this.launch(run, id, config);
      const line = outcome.stdout.trimEnd().split("\n").at(-1) ?? "";
      if (line === "") {
        const ending =
          outcome.exitCode === null ? `ended by ${outcome.signal}` : `exit code ${outcome.exitCode}`;
        return lost(
          "failed",
          "E_NO_RECORD",
          `The trainer left no record (${ending}). Its last lines:\n${lastLines(outcome.stderr)}`,
        );
      }
      return await this.withAdapter(run, parseRecord(line, `run ${id}`));
    } catch (error) {
      if (this.signal.aborted) throw error;
      const timedOut = (error as { code?: string }).code === "E_SSH_TIMEOUT";
      return lost(timedOut ? "timeout" : "failed", timedOut ? "E_TIMEOUT" : "E_RUN", messageOf(error));
    }
  }

  private async launch(run: ScheduledRun, id: string, config: Record<string, unknown>) {
    const nodes = run.arm.nodes.map(
      (name) => this.experiment.nodes.find((node) => node.name === name) as ExperimentNode,
    );
    const connections = await Promise.all(nodes.map((node) => this.connect(node)));
    const text = Buffer.from(`${JSON.stringify(config)}\n`);
    await Promise.all(
      nodes.map((node, i) =>
        connections[i]?.upload(text, `${runDirectory(node, id)}/config.json`, { mode: 0o600 }),
      ),
    );
    const [first] = nodes as [ExperimentNode];
    const ranksPerNode = run.arm.ranksPerNode ?? 1;
    const port =
      nodes.length * ranksPerNode > 1 ? await this.freePort(first, connections[0] as SshConnection) : 0;
    // The first node that fails ends the run on all of them: the others would wait for it until their time limit.
    const failed = new AbortController();
    const signal = AbortSignal.any([this.signal, failed.signal]);
    const runs = nodes.map(async (node, nodeRank) => {
      const script = renderLaunch({
        node,
        id,
        verb: run.scenario.name === "evaluate" ? "evaluate" : "train",
        numNodes: nodes.length,
        nodeRank,
        ranksPerNode,
        master: { address: first.peerAddress, port },
      });
      const result = await (connections[nodeRank] as SshConnection).exec(script, {
        shell: "posix",
        timeoutSeconds: run.scenario.timeoutSeconds,
        signal,
        ...(nodeRank === 0 && { onStderr: (text) => this.onProgress(text) }),
      });
      // The first node's record says what happened there; another node's failure is one of the whole run.
      if (result.exitCode !== 0 && nodeRank > 0) {
        setTimeout(() => failed.abort(), 10_000).unref();
        throw new RocmarkError(
          "E_RANK",
          `Node "${node.name}" ended with ${result.exitCode ?? result.signal}:\n${lastLines(result.stderr)}`,
        );
      }
      return result;
    });
    const [master, ...others] = await Promise.allSettled(runs);
    if (master?.status === "fulfilled" && master.value.stdout.trim() !== "") return master.value;
    const bad = [...others, master].find((outcome) => outcome?.status === "rejected");
    if (bad?.status === "rejected") throw bad.reason;
    if (master?.status === "fulfilled") return master.value;
    throw new RocmarkError("E_RUN", "No node answered.");
  }

  private async freePort(node: ExperimentNode, connection: SshConnection): Promise<number> {
    const { stdout, exitCode, stderr } = await connection.exec(renderFreePort(node), {
      shell: "posix",
      timeoutSeconds: 30,
    });
    const port = Number(stdout.trim());
    if (exitCode !== 0 || !(port > 0))
      throw runRefused(node.name, "a free port", lastLines(stderr) || "none");
    return port;
  }

  private async withAdapter(run: ScheduledRun, record: RunRecord): Promise<RunRecord> {
    if (record.adapter === null) return record;
    const node = this.experiment.nodes.find(({ name }) => name === run.arm.nodes[0]) as ExperimentNode;
    const connection = await this.connect(node);
    const packed = await connection.exec(`${renderPackAdapter(node, record.id)} && wc -c < adapter.tar`, {
      shell: "posix",
    });
    if (packed.exitCode !== 0 || Number(packed.stdout) > maxAdapterBytes) return { ...record, adapter: null };
    const archive = await connection.download(`${runDirectory(node, record.id)}/adapter.tar`);
    const path = await keepAdapter(
      archive,
      this.experiment.recordsDirectory,
      record.id,
      record.adapter.sha256,
    );
    return { ...record, adapter: { ...record.adapter, path } };
  }

  private async connect(node: ExperimentNode): Promise<SshConnection> {
    const privateKey = await readFile(node.privateKeyFile, "utf8").catch((cause: Error) => {
      throw new RocmarkError(
        "E_KEY",
        `Node "${node.name}": its key ${node.privateKeyFile} cannot be read: ${cause.message}.`,
        { cause },
      );
    });
    return await this.pool.connect(
      {
        host: node.host,
        port: node.port,
        user: node.user,
        credentials: { privateKey },
        hostKey: { kind: "pinned", key: node.hostKey },
        dialErrorLimit: 3,
      },
      { signal: this.signal },
    );
  }
}

/** Whether a lock's holder was a process of this machine that is no more. */
function isDead(holder: string): boolean {
  const [host, pid] = holder.split(" ");
  if (host !== hostname() || !(Number(pid) > 1)) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch {
    return true;
  }
}

const lastLines = (text: string): string => text.trimEnd().split("\n").slice(-15).join("\n");
