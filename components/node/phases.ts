import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { NodeAddress } from "./address.ts";
import type { Facts } from "./facts.ts";
import type { Fingerprint } from "./verification.ts";

/** Where the phases of a node run, and what they bring along. */
export interface NodeSite {
  address: pulumi.Output<NodeAddress>;
  connection: remote.CommandArgs["connection"];
  /** Directory on the node that rocmark owns. */
  root: pulumi.Output<string>;
  /** Directory on the node for environments. */
  environments: pulumi.Output<string>;
  uvCache: pulumi.Input<string | null>;
  bundle: { digest: string; archive: string };
  minFreeDiskGiB: pulumi.Input<number>;
  /** What reads the node's facts, before anything else. */
  facts: pulumi.Resource;
  parent: pulumi.Resource;
}

/** One Python environment of a node, and the node's identity in a comparison that uses it. */
export interface NodeEnvironment {
  /** Interpreter, a path on the node. */
  python: string;
  fingerprint: Fingerprint;
}

/** What the phases of a node leave. */
export interface NodeReady {
  /** What looks at the finished node, last. */
  verification: pulumi.Resource;
  facts: pulumi.Output<Facts>;
  /** What the driver phase did, in words. */
  driver: pulumi.Output<string>;
  /** By name: "default", and the stack's variants. */
  environments: pulumi.Output<Record<string, NodeEnvironment>>;
}
