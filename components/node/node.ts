import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { ProbedCommand } from "../command/probedCommand.ts";
import { bundleDirectory, environmentPython } from "../scripts/environmentScript.ts";
import { renderFacts, renderFactsCheck } from "../scripts/factsScript.ts";
import { renderRemoval } from "../scripts/removalScript.ts";
import { type NodeAddress, toConnection } from "./address.ts";
import { type Facts, parseFacts } from "./facts.ts";
import { useAsFound } from "./foundPhases.ts";
import type { NodeEnvironment, NodeReady, NodeSite } from "./phases.ts";
import { makeAsPinned, type PinnedArgs } from "./pinnedPhases.ts";
import type { Software } from "./software.ts";
import type { Fingerprint } from "./verification.ts";

/** What a {@link Node} needs: a host, and what has to be on it. */
export interface NodeArgs {
  address: pulumi.Input<NodeAddress>;
  /** Directory on the node for environments. @default `<root>/environments` */
  environments?: pulumi.Input<string>;
  /** uv's cache directory on the node. @default uv's own */
  uvCache?: pulumi.Input<string>;
  /** The trainer, packed: its digest and the archive on this machine. */
  bundle: { digest: string; archive: string };
  /** What the one environment of a host without pins holds. */
  software: Software;
  /** Disk that must be free before an environment is installed, in GiB. @default 8 */
  minFreeDiskGiB?: pulumi.Input<number>;
  /** Whether `pulumi destroy` removes `root` from the host; not needed where the host itself goes. @default true */
  removeOnDestroy?: boolean;
  /** Driver, ROCm and PyTorch that the host is to have. @default none: it is used as it is found */
  pinned?: PinnedArgs;
}

/** One host, made ready: facts, driver, environments, trainer, and a fingerprint of what is really there. */
export class Node extends pulumi.ComponentResource {
  readonly address: pulumi.Output<NodeAddress>;
  readonly facts: pulumi.Output<Facts>;
  /** What the driver phase did, in words. */
  readonly driver: pulumi.Output<string>;
  /** Python interpreter of the environment "default", a path on the node. */
  readonly python: pulumi.Output<string>;
  /** Directory on the node that holds the package `trainer`. */
  readonly bundle: pulumi.Output<string>;
  readonly fingerprint: pulumi.Output<Fingerprint>;
  /** What looks at the finished node, last. */
  readonly verification: pulumi.Resource;
  /** By name: "default", and the stack's variants. */
  readonly environments: pulumi.Output<Record<string, NodeEnvironment>>;

  constructor(name: string, args: NodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rocmark:node:Node", name, {}, opts);
    this.address = pulumi.output(args.address);
    const { pinned } = args;
    const root = this.address.root;
    const environments = pulumi.output(args.environments ?? pulumi.interpolate`${root}/environments`);
    const connection = pulumi.secret(this.address.apply(toConnection));

    const facts = readFacts(name, args, { connection, root, parent: this });
    const found = facts.stdout.apply((text) => parseFacts(name, text));
    const site: NodeSite = {
      address: this.address,
      connection,
      root,
      environments,
      uvCache: args.uvCache ?? null,
      bundle: args.bundle,
      minFreeDiskGiB: args.minFreeDiskGiB ?? 8,
      facts,
      parent: this,
    };
    const ready: NodeReady = pinned
      ? makeAsPinned(name, site, pinned, found)
      : useAsFound(name, site, args.software, found);

    this.verification = ready.verification;
    this.facts = ready.facts;
    this.driver = ready.driver;
    this.environments = ready.environments;
    const digest = pinned?.pins.environments[0]?.digest ?? args.software.digest;
    this.python = environments.apply((path) => environmentPython(path, digest));
    this.bundle = root.apply((path) => bundleDirectory(path, args.bundle.digest));
    this.fingerprint = ready.environments.apply((all) => ofDefault(all).fingerprint);
    this.registerOutputs({ facts: this.facts, driver: this.driver, fingerprint: this.fingerprint.digest });
  }
}

function readFacts(
  name: string,
  { pinned, removeOnDestroy = true }: NodeArgs,
  { connection, root, parent }: Pick<NodeSite, "connection" | "root" | "parent">,
): remote.Command {
  const ends = removeOnDestroy ? { delete: root.apply((path) => renderRemoval({ root: path })) } : {};
  const args = { connection, ...ends, logging: remote.Logging.None };
  if (pinned === undefined)
    return new remote.Command(
      `${name}-facts`,
      { ...args, create: root.apply((path) => renderFacts({ root: path })), addPreviousOutputInEnv: false },
      { parent },
    );
  const create = `# asked ${pinned.readAt}\n${renderFacts({ root: null })}`;
  return new ProbedCommand(`${name}-facts`, { ...args, create, read: renderFactsCheck() }, { parent });
}

function ofDefault(environments: Record<string, NodeEnvironment>): NodeEnvironment {
  const own = environments.default;
  if (own === undefined) throw new RangeError('A node has an environment called "default".');
  return own;
}
