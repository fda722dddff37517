import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "ssh2";
import { DialFailure, type DialOptions, type DialPlan, dialOnce } from "./dial.ts";
import { toAddress } from "./settings.ts";
import { Slots } from "./slots.ts";

/**
 * sshd drops new unauthenticated connections at random from the 10th on (MaxStartups 10:30:100), and newer ones
 * punish sources that fail often (PerSourcePenalties): stay well below both.
 */
const HANDSHAKES_PER_HOST = 5;
/** Key exchange is work for this machine too. */
const HANDSHAKES_IN_ALL = 32;

/** Dials with a bound on handshakes at a time, again after failures that may pass, never after a refusal. */
export class Handshakes {
  private readonly inAll = new Slots(HANDSHAKES_IN_ALL);
  private readonly perHost = new Map<string, Slots>();

  async dial(plan: DialPlan, options: DialOptions): Promise<Client> {
    const limit = plan.endpoint.dialErrorLimit ?? 10;
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await this.withSlot(toAddress(plan.endpoint), options.signal, () => dialOnce(plan, options));
      } catch (error) {
        if (!(error instanceof DialFailure)) throw error;
        if (!error.mayPass || (limit >= 0 && attempts > limit)) throw error.explain(attempts);
        await sleep(toDelayMilliseconds(attempts, Math.random()), undefined, { signal: options.signal });
      }
    }
  }

  private async withSlot<T>(address: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const host = this.perHost.get(address) ?? new Slots(HANDSHAKES_PER_HOST);
    this.perHost.set(address, host);
    const releaseHost = await host.take(signal);
    try {
      const release = await this.inAll.take(signal);
      try {
        return await work();
      } finally {
        release();
      }
    } finally {
      releaseHost();
    }
  }
}

/**
 * 0.1 s, half as much again each time, at most 5 s; the upper half of it is random, so that many clients that were
 * dropped together do not come back together.
 */
export const toDelayMilliseconds = (attempts: number, random: number): number =>
  Math.min(5000, 100 * 1.5 ** (attempts - 1)) * (0.5 + random / 2);
