import { hostname, userInfo } from "node:os";
import { nodeLocked, RocmarkError, runRefused } from "../errors.ts";
import type { ExperimentNode } from "../experiment.ts";
import { newRunId } from "../trainerConfig.ts";
import type { Dialer, NodeConnection } from "./connection.ts";
import { refused, renderLock, renderRenewal, renderUnlock } from "./scripts.ts";

/** Seconds beyond a run's own limit for which its nodes stay ours: uploads, downloads, ending what hangs. */
const slackSeconds = 180;

/** Keeps other suites off the nodes of an experiment, until given back or until its holder stops renewing. */
export class NodeLock {
  readonly #dialer: Dialer;
  readonly #owner: string;
  readonly #held: ExperimentNode[] = [];

  constructor(
    dialer: Dialer,
    owner = `${userInfo().username}@${hostname()} process ${process.pid} ${newRunId()}`,
  ) {
    this.#dialer = dialer;
    this.#owner = owner;
  }

  /** Takes every node, or none: refuses with E_NODE_BUSY when another suite has one of them. */
  async take(nodes: readonly ExperimentNode[], seconds: number, signal: AbortSignal): Promise<void> {
    // In one order everywhere, so that two suites cannot each hold what the other one waits for.
    for (const node of [...nodes].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const connection = await this.#dialer.connect(node, signal);
      await this.#takeOne(node, connection, seconds + slackSeconds, signal);
      this.#held.push(node);
    }
  }

  async #takeOne(
    node: ExperimentNode,
    connection: NodeConnection,
    seconds: number,
    signal: AbortSignal,
  ): Promise<void> {
    const options = { shell: "posix" as const, timeoutSeconds: 60, signal };
    for (const attempt of [1, 2]) {
      const script = renderLock({ root: node.root, owner: this.#owner, seconds });
      const { exitCode, stdout, stderr } = await connection.exec(script, options);
      if (exitCode === 0) return;
      if (exitCode !== refused.locked)
        throw runRefused(node.name, `a directory ${node.root}/runs to lock`, stderr.trim());
      const [left, ...words] = stdout.trim().split(" ");
      const holder = words.join(" ");
      if (attempt === 2 || !isDeadHolder(holder)) throw nodeLocked(node.name, holder, Number(left));
      await connection.exec(renderUnlock({ root: node.root, owner: holder }), options);
    }
  }

  /** Holds the nodes for another run. Throws when the lock was lost: its time ran out and somebody else took it. */
  async renew(nodes: readonly ExperimentNode[], seconds: number, signal: AbortSignal): Promise<void> {
    await Promise.all(
      nodes.map(async (node) => {
        const script = renderRenewal({
          root: node.root,
          owner: this.#owner,
          seconds: seconds + slackSeconds,
        });
        const connection = await this.#dialer.connect(node, signal);
        const { exitCode } = await connection.exec(script, { shell: "posix", timeoutSeconds: 60, signal });
        if (exitCode === refused.notOwner)
          throw new RocmarkError("E_LOCK_LOST", `Node "${node.name}": another suite has taken it over.`);
      }),
    );
  }

  /** Gives back what is held; a node that cannot be reached keeps its lock until it runs out. */
  async release(): Promise<void> {
    await Promise.all(
      this.#held.splice(0).map(async (node) => {
        try {
          const connection = await this.#dialer.connect(node, AbortSignal.timeout(10_000));
          await connection.exec(renderUnlock({ root: node.root, owner: this.#owner }), {
            shell: "posix",
            timeoutSeconds: 10,
          });
        } catch {
          // It runs out by itself.
        }
      }),
    );
  }
}

/** Whether a lock's holder was a process of this machine that is no more: killed, so that it could not give back. */
export function isDeadHolder(holder: string): boolean {
  const [, host, processId] = /@(\S+) process (\d+) /.exec(holder) ?? [];
  if (host !== hostname() || !(Number(processId) > 1)) return false;
  try {
    process.kill(Number(processId), 0);
    return false;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "ESRCH";
  }
}
