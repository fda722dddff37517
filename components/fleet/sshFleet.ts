import * as pulumi from "@pulumi/pulumi";
import type { NodeAddress } from "../node/address.ts";

/** A host that exists: where it is, who we are on it, and the key that proves that it is the one we mean. */
export interface SshHost extends NodeAddress {
  name: string;
}

/** Hosts that exist already and are reached over SSH. Nothing is created; each host is only named and checked. */
export class SshFleet extends pulumi.ComponentResource {
  readonly nodes: readonly { name: string; address: pulumi.Output<NodeAddress> }[];

  constructor(name: string, args: { hosts: readonly SshHost[] }, opts?: pulumi.ComponentResourceOptions) {
    super("rocmark:fleet:SshFleet", name, {}, opts);
    this.nodes = args.hosts.map(({ name: node, ...address }) => ({
      name: node,
      address: pulumi.output(address),
    }));
    this.registerOutputs({ nodes: args.hosts.map((host) => host.name) });
  }
}
