import { readFileSync } from "node:fs";
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { notAsAsked } from "../errors.ts";
import {
  bundleArchive,
  bundleDirectory,
  environmentPython,
  renderEnvironment,
} from "../scripts/environmentScript.ts";
import { renderFacts } from "../scripts/factsScript.ts";
import { renderRemoval } from "../scripts/removalScript.ts";
import { renderVerification } from "../scripts/verificationScript.ts";
import { driverPhase } from "./driver.ts";
import { type Facts, parseFacts } from "./facts.ts";
import type { LockedPackage } from "./lock.ts";
import { differences, type Fingerprint, fingerprint, parseInstalled } from "./verification.ts";

/** Where a host is and who we are on it. */
export interface NodeAddress {
  host: string;
  port: number;
  user: string;
  /** The host's public key in OpenSSH's form, "ssh-ed25519 AAAA..."; connections to any other key are refused. */
  hostKey: string;
  /** File on this machine that holds the private key, mode 0600. Its content goes into state encrypted only. */
  privateKeyFile: string;
  /** Absolute directory on the node that rocmark owns. */
  root: string;
  /** Address at which other nodes reach this one. */
  peerAddress: string;
}

/** The packages an environment holds: the parsed lock and its digest. */
export interface Software {
  packages: readonly LockedPackage[];
  /** sha256 over the locks, in hexadecimal. */
  digest: string;
}

/** What a {@link Node} needs: a host, and what has to be on it. */
export interface NodeArgs {
  address: pulumi.Input<NodeAddress>;
  /** Directory on the node for environments. @default `<root>/environments` */
  environments?: pulumi.Input<string>;
  /** uv's cache directory on the node. @default uv's own */
  uvCache?: pulumi.Input<string>;
  /** The trainer, packed: its digest and the archive on this machine. */
  bundle: { digest: string; archive: string };
  software: Software;
  /** Disk that must be free before an environment is installed, in GiB. @default 8 */
  minFreeDiskGiB?: pulumi.Input<number>;
  /** Whether `pulumi destroy` removes `root` from the host; not needed where the host itself goes. @default true */
  removeOnDestroy?: boolean;
}

/** One host, made ready: facts, driver, environment, trainer, and a fingerprint of what is really there. */
export class Node extends pulumi.ComponentResource {
  readonly address: pulumi.Output<NodeAddress>;
  readonly facts: pulumi.Output<Facts>;
  /** What the driver phase did, in words. */
  readonly driver: pulumi.Output<string>;
  /** Python interpreter of the pinned environment, a path on the node. */
  readonly python: pulumi.Output<string>;
  /** Directory on the node that holds the package `trainer`. */
  readonly bundle: pulumi.Output<string>;
  readonly fingerprint: pulumi.Output<Fingerprint>;

  constructor(name: string, args: NodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rocmark:node:Node", name, {}, opts);
    this.address = pulumi.output(args.address);
    const root = this.address.root;
    const environments = pulumi.output(args.environments ?? pulumi.interpolate`${root}/environments`);
    const connection = pulumi.secret(this.address.apply(toConnection));
    // The engine would store each log line twice; the outputs below say all there is to know.
    const quiet = { logging: remote.Logging.Stderr, addPreviousOutputInEnv: false };

    const facts = new remote.Command(
      `${name}-facts`,
      {
        connection,
        create: root.apply((path) => renderFacts({ root: path })),
        ...(args.removeOnDestroy === false
          ? {}
          : { delete: root.apply((path) => renderRemoval({ root: path })) }),
        logging: remote.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    this.facts = facts.stdout.apply((text) => parseFacts(name, text));
    this.driver = this.facts.apply(driverPhase);

    const copy = new remote.CopyToRemote(
      `${name}-bundle`,
      {
        connection,
        source: new pulumi.asset.FileAsset(args.bundle.archive),
        remotePath: root.apply((path) => bundleArchive(path, args.bundle.digest)),
      },
      { parent: this, dependsOn: [facts] },
    );

    const environment = new remote.Command(
      `${name}-environment`,
      {
        connection,
        create: pulumi
          .all([root, environments, args.uvCache ?? null, args.minFreeDiskGiB ?? 8])
          .apply(([root, environments, uvCache, minFreeDiskGiB]) =>
            renderEnvironment({
              root,
              environments,
              uvCache,
              minFreeDiskGiB,
              lockDigest: args.software.digest,
              bundleDigest: args.bundle.digest,
            }),
          ),
        ...quiet,
      },
      { parent: this, dependsOn: [copy] },
    );
    this.python = environments.apply((path) => environmentPython(path, args.software.digest));
    this.bundle = root.apply((path) => bundleDirectory(path, args.bundle.digest));

    const verification = new remote.Command(
      `${name}-verification`,
      {
        connection,
        create: this.python.apply((python) => renderVerification({ python })),
        triggers: [environment.stdout],
        logging: remote.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this, dependsOn: [environment] },
    );
    this.fingerprint = pulumi.all([this.facts, verification.stdout]).apply(([facts, text]) => {
      const installed = parseInstalled(name, text);
      const wrong = differences(args.software.packages, installed, facts);
      if (wrong.length > 0) throw notAsAsked(name, wrong);
      return fingerprint(name, facts, installed);
    });
    this.registerOutputs({ facts: this.facts, driver: this.driver, fingerprint: this.fingerprint.digest });
  }
}

// The key is read when the address is known, so a fleet may make the file during the same update.
function toConnection(address: NodeAddress) {
  return {
    host: address.host,
    port: address.port,
    user: address.user,
    hostKey: address.hostKey,
    privateKey: readFileSync(address.privateKeyFile, "utf8"),
    perDialTimeout: 15,
    dialErrorLimit: 5,
  };
}
