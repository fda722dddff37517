import { createHash } from "node:crypto";
import type { NodeFacts } from "../compatibility/request.ts";
import { noAmdGpu, nodesUnread, RocmarkError } from "../errors.ts";
import type { NodeAddress } from "./address.ts";
import type { Facts } from "./facts.ts";
import { isEnough, type KnownFacts, type KnownHost } from "./knownFacts.ts";
import { hasAmdGpu, toNodeFacts, withStated } from "./nodeFacts.ts";
import { type Plan, planNodes } from "./plan.ts";
import type { HostToRead, Reading } from "./readFacts.ts";
import type { Pins } from "./software.ts";
import { canonical } from "./verification.ts";

/** A host and what the operator states of it. */
export interface PreflightHost {
  name: string;
  address: NodeAddress;
  stated: NodeFacts | null;
}

export interface PreflightArgs {
  hosts: readonly PreflightHost[];
  pins: Pins;
  known: KnownFacts;
  /** Whether nothing is to be done yet: a preview. */
  isPreview: boolean;
  read(hosts: readonly HostToRead[]): Promise<Reading[]>;
}

/** What identifies what a host is to hold: the question to the matrix, and the environments' locks. */
export function pinsDigest({ request, environments, allowUnknown }: Pins): string {
  const locks = environments.map(({ name, digest }) => [name, digest]);
  return createHash("sha256").update(canonical({ request, locks, allowUnknown })).digest("hex");
}

/** What is known of a stack's hosts before an update. */
export interface Preflight {
  /** When each host was asked what it is, ISO 8601. */
  readAt: ReadonlyMap<string, string>;
  /** Keeps what a host is that was verified to hold what is pinned: until the pins change it need not be asked again. */
  onVerified(name: string, facts: Facts): void;
}

/**
 * Asks the version matrix about all hosts before any resource is registered. A host is asked over SSH only where neither the stack states its facts nor an earlier run knows enough.
 *
 * @throws RocmarkError E_UNREAD, E_NO_GPU or E_SOFTWARE: nothing is touched then, in a preview as in an update
 */
export async function preflight(args: PreflightArgs): Promise<Preflight> {
  const { hosts, pins, known, isPreview } = args;
  const request = pinsDigest(pins);
  const entries = new Map<string, KnownHost>();
  const fresh = new Set<string>();
  const ask = async (asked: readonly PreflightHost[]) => {
    const readings = asked.length === 0 ? [] : await args.read(asked);
    for (const reading of readings) {
      const host = asked.find(({ name }) => name === reading.name);
      if (host === undefined || !("facts" in reading)) continue;
      entries.set(host.name, newEntry(host, reading.facts));
      fresh.add(host.name);
    }
    return readings.flatMap((reading) =>
      "reason" in reading ? [{ node: reading.name, reason: reading.reason }] : [],
    );
  };

  for (const host of hosts) {
    const entry = known.get(host.name, identity(host));
    if (entry && isEnough(entry, request, isPreview)) entries.set(host.name, entry);
    else if (host.stated) entries.set(host.name, newEntry(host, null));
  }
  const unread = await ask(hosts.filter(({ name }) => !entries.has(name)));
  if (unread.length > 0) throw nodesUnread(unread);
  try {
    settle(hosts, pins, entries);
  } catch (error) {
    // What is stated or was once read may not be so any more, or not be all: hosts themselves have the last word.
    const old = hosts.filter(({ name }) => !fresh.has(name));
    if (!(error instanceof RocmarkError) || old.length === 0) throw error;
    await ask(old);
    if (old.every(({ name }) => !fresh.has(name))) throw error;
    settle(hosts, pins, entries);
  }
  known.put(
    Object.fromEntries(
      [...entries].map(([name, entry]) => [
        name,
        { ...entry, verifiedFor: entry.verifiedFor === request ? request : null, open: !isPreview },
      ]),
    ),
  );
  known.save();
  return {
    readAt: new Map([...entries].map(([name, { readAt }]) => [name, readAt])),
    onVerified(name, facts) {
      const entry = entries.get(name);
      if (entry) known.put({ [name]: { ...entry, facts, verifiedFor: request, open: false } });
    },
  };
}

function settle(hosts: readonly PreflightHost[], pins: Pins, entries: ReadonlyMap<string, KnownHost>): void {
  const own = hosts.map((host) => ({ ...host, facts: entries.get(host.name)?.facts ?? null }));
  refuseOthers(own);
  planNodes(
    pins,
    own.map(({ name, facts, stated }) => ({
      name,
      facts: facts ? withStated(toNodeFacts(facts), stated) : stated,
    })),
  );
}

/** What is to be done on one host, from what it says itself at the time. */
export function planNode(name: string, pins: Pins, facts: Facts, stated: NodeFacts | null): Plan {
  refuseOthers([{ name, facts }]);
  const plan = planNodes(pins, [{ name, facts: withStated(toNodeFacts(facts), stated) }]).get(name);
  if (plan === undefined) throw new RangeError(`No plan was made for ${name}.`);
  return plan;
}

function refuseOthers(nodes: readonly { name: string; facts: Facts | null }[]): void {
  const others = nodes.filter(({ facts }) => facts !== null && !hasAmdGpu(facts));
  if (others.length === 0) return;
  throw noAmdGpu(
    others.map(({ name, facts }) => ({
      node: name,
      found: facts?.accelerator === "cuda" ? facts.gpus.join(", ") : "none",
    })),
  );
}

const identity = ({ address: { host, port, hostKey } }: PreflightHost) => ({ host, port, hostKey });

const newEntry = (host: PreflightHost, facts: Facts | null): KnownHost => ({
  ...identity(host),
  facts,
  readAt: new Date().toISOString(),
  verifiedFor: null,
  open: false,
});
