import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { SshConnection } from "./connection.ts";
import { readDialPlan } from "./dial.ts";
import { cancelled, poolClosed, SshError } from "./errors.ts";
import { Handshakes } from "./handshakes.ts";
import { type SshEndpoint, type SshSettings, toConnectionKey, toNode } from "./settings.ts";

interface Pending {
  connection: Promise<SshConnection>;
  controller: AbortController;
  waiters: number;
  /** No newcomer may join: the dial was given up. */
  forget: () => void;
}

/**
 * One connection a node, dialled when first asked for and shared from then on. A lost connection is forgotten: the
 * next `connect` dials again. Nothing is accepted without a host key check.
 */
export class SshPool {
  private readonly handshakes = new Handshakes();
  private readonly standing = new Map<string, SshConnection>();
  private readonly pending = new Map<string, Pending>();
  private closed = false;

  /** The node's connection. The signal ends the wait; the dial itself ends when nobody waits for it any more. */
  async connect(settings: SshSettings, { signal }: { signal?: AbortSignal } = {}): Promise<SshConnection> {
    if (this.closed) throw poolClosed();
    if (signal?.aborted) throw cancelled(toNode(settings), null);
    const key = toConnectionKey(settings);
    const standing = this.standing.get(key);
    if (standing?.alive) return standing;

    let pending = this.pending.get(key);
    if (!pending) {
      const controller = new AbortController();
      const forget = () => {
        if (this.pending.get(key)?.controller === controller) this.pending.delete(key);
      };
      pending = {
        connection: this.dial(key, settings, controller).finally(forget),
        controller,
        waiters: 0,
        forget,
      };
      this.pending.set(key, pending);
    }
    return await waitFor(pending, settings, signal);
  }

  /** Close every connection and refuse new ones. What runs on the nodes through them fails with E_SSH_LOST. */
  async close(): Promise<void> {
    this.closed = true;
    const dials = [...this.pending.values()];
    for (const { controller } of dials) controller.abort(poolClosed());
    await Promise.allSettled(dials.map(({ connection }) => connection));
    await Promise.all([...this.standing.values()].map((connection) => connection.close()));
    this.standing.clear();
  }

  private async dial(
    key: string,
    settings: SshSettings,
    controller: AbortController,
  ): Promise<SshConnection> {
    try {
      const { client, proxy } = await this.dialThrough(settings, controller.signal);
      const connection = new SshConnection(settings, client, () => {
        if (this.standing.get(key) === connection) this.standing.delete(key);
        proxy?.end();
      });
      this.standing.set(key, connection);
      return connection;
    } catch (error) {
      if (error instanceof SshError) throw error;
      if (controller.signal.aborted && controller.signal.reason instanceof SshError)
        throw controller.signal.reason;
      throw controller.signal.aborted ? cancelled(toNode(settings), null) : error;
    }
  }

  private async dialThrough(
    settings: SshSettings,
    signal: AbortSignal,
  ): Promise<{ client: Client; proxy?: Client }> {
    const options = { signal, keepaliveSeconds: settings.keepaliveSeconds ?? 10 };
    const plan = await readDialPlan(settings);
    if (!settings.proxy) return { client: await this.handshakes.dial(plan, options) };
    const proxy = await this.handshakes.dial(await readDialPlan(settings.proxy), options);
    try {
      const openTransport = () => openTunnel(proxy, settings);
      return { client: await this.handshakes.dial(plan, { ...options, openTransport }), proxy };
    } catch (error) {
      proxy.end();
      throw error;
    }
  }
}

function openTunnel(proxy: Client, { host, port = 22 }: SshEndpoint): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    proxy.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
      // The bastion could not reach the node: for us the same as a refused connection.
      if (error) reject(Object.assign(new Error(error.message, { cause: error }), { code: "ECONNREFUSED" }));
      else resolve(channel);
    });
  });
}

function waitFor(pending: Pending, settings: SshSettings, signal?: AbortSignal): Promise<SshConnection> {
  pending.waiters += 1;
  return new Promise((resolve, reject) => {
    const leave = () => {
      pending.waiters -= 1;
      if (pending.waiters === 0) {
        pending.forget();
        pending.controller.abort();
      }
      reject(cancelled(toNode(settings), null));
    };
    signal?.addEventListener("abort", leave, { once: true });
    pending.connection.then(resolve, reject).finally(() => signal?.removeEventListener("abort", leave));
  });
}
