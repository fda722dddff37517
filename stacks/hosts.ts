import * as pulumi from "@pulumi/pulumi";
import type { SshHost } from "../components/fleet/sshFleet.ts";
import { refuseUnreadableKeys } from "../components/node/keyFiles.ts";
import { KnownFacts } from "../components/node/knownFacts.ts";
import type { PinnedArgs } from "../components/node/pinnedPhases.ts";
import { pinsDigest, preflight } from "../components/node/preflight.ts";
import { readFacts } from "../components/node/readFacts.ts";
import type { StackConfig } from "./config.ts";
import { type Locks, toPins } from "./pins.ts";

/** A stack's hosts, and what each is to hold. */
export interface Hosts {
  hosts: readonly SshHost[];
  /** By node; empty where nothing is pinned. */
  pinned: ReadonlyMap<string, PinnedArgs>;
  /** Identifies the pinned software; null where nothing is pinned. */
  digest: string | null;
}

/**
 * Looks before anything is registered: where the stack pins software that cannot work on one of its hosts, this throws, in a
 * preview as in an update, and nothing is touched.
 *
 * @param file what is known of the hosts from earlier runs
 */
export async function prepareHosts(
  config: Extract<StackConfig, { target: "ssh" }>,
  locks: Locks,
  file: string,
): Promise<Hosts> {
  const hosts = config.nodes.hosts.map(({ address, peerAddress, facts: stated = null, ...host }) => ({
    name: host.name,
    stated,
    address: { ...host, host: address, peerAddress: peerAddress ?? address },
  }));
  const addresses = hosts.map(({ address }) => address);
  refuseUnreadableKeys(addresses);
  const pins = toPins(config.software, locks);
  if (pins === null) return { hosts: addresses, pinned: new Map(), digest: null };
  const { readAt, onVerified } = await preflight({
    hosts,
    pins,
    known: new KnownFacts(file),
    isPreview: pulumi.runtime.isDryRun(),
    read: (asked) => readFacts(asked, (line) => void pulumi.log.info(line, undefined, undefined, true)),
  });
  const stack = pulumi.getStack();
  const claim = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  const pinned = hosts.map(({ name, stated }): [string, PinnedArgs] => [
    name,
    {
      pins,
      stack,
      claim,
      stated,
      readAt: readAt.get(name) ?? "",
      onVerified: (facts) => onVerified(name, facts),
    },
  ]);
  return { hosts: addresses, pinned: new Map(pinned), digest: pinsDigest(pins) };
}
