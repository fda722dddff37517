import { readFile } from "node:fs/promises";
import { SshPool } from "../../ssh/pool.ts";
import { messageOf, refusal } from "../errors.ts";
import type { ExperimentNode } from "../experiment.ts";

/** What a measurement needs of a connection to a node; ssh/ has it, and a test can have it without a network. */
export interface NodeConnection {
  /** Ends the remote process, with all that it started, when the signal aborts; then throws. */
  exec(
    command: string,
    options?: ExecOptions,
  ): Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  upload(source: Buffer, remotePath: string, options?: { mode?: number }): Promise<unknown>;
  download(remotePath: string, options?: { signal?: AbortSignal }): Promise<Buffer>;
}

export interface ExecOptions {
  shell?: "posix";
  timeoutSeconds?: number;
  signal?: AbortSignal;
  onStdout?(text: string): void;
  onStderr?(text: string): void;
}

/** Finds the connection to a node; asking again for a node whose connection was lost dials anew. */
export interface Dialer {
  connect(node: ExperimentNode, signal?: AbortSignal): Promise<NodeConnection>;
  close(): Promise<void>;
}

/** How patiently a node is dialled. */
export interface Patience {
  /** Failed attempts after which it counts as not reachable. @default 3 */
  dialErrorLimit?: number;
  /** Seconds that an attempt may take. @default the pool's own */
  dialTimeoutSeconds?: number;
}

/** Connections over SSH: the node's own host key, the user's key, nothing else accepted. */
export function sshDialer(patience: Patience = {}): Dialer {
  const pool = new SshPool();
  return {
    async connect(node, signal) {
      const privateKey = await readFile(node.privateKeyFile, "utf8").catch((cause: unknown) => {
        throw refusal(
          "E_KEY",
          `Node "${node.name}": privateKeyFile ${node.privateKeyFile} cannot be read: ${messageOf(cause)}.`,
          cause,
        );
      });
      return pool.connect(
        {
          host: node.host,
          port: node.port,
          user: node.user,
          credentials: { privateKey },
          hostKey: { kind: "pinned", key: node.hostKey },
          dialErrorLimit: 3,
          ...patience,
        },
        signal === undefined ? {} : { signal },
      );
    },
    close: () => pool.close(),
  };
}
