import { join } from "node:path";
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { NodeAddress } from "../node/address.ts";
import { quote } from "../scripts/quote.ts";
import { nodeGeneration } from "./emulated/generation.ts";

/** What a {@link LocalFleet} needs. */
export interface LocalFleetArgs {
  /** How many nodes are emulated. */
  count: number;
  /** Absolute directory on this machine that the fleet owns: keys, environments and one directory a node. */
  directory: string;
  /** Hours after which a node ends by itself. @default 12 */
  lifetimeHours?: number;
}

/** One emulated node: its name, and where it is once it runs. */
export interface LocalNode {
  name: string;
  address: pulumi.Output<NodeAddress>;
}

const emulated = join(import.meta.dirname, "emulated", "main.ts");
const workspace = join(import.meta.dirname, "workspace.ts");

// Node runs the fleet's programs with the interpreter that runs this one: the version that understands TypeScript.
const command = (program: string, ...words: readonly string[]): string =>
  [process.execPath, program, ...words].map(quote).join(" ");

/** Nodes emulated on this machine: each a process with its own SSH server, host key and root directory. */
export class LocalFleet extends pulumi.ComponentResource {
  readonly nodes: readonly LocalNode[];
  /** Directory for environments, shared by the fleet's nodes so that a lock is installed once. */
  readonly environments: pulumi.Output<string>;

  /** Like the constructor, after looking which nodes are recorded but gone (a reboot): those are started again. */
  static async create(name: string, args: LocalFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    const names = Array.from({ length: args.count }, (_, index) => `node-${index}`);
    const generations = await Promise.all(
      names.map((node) => nodeGeneration(join(args.directory, "nodes", node))),
    );
    return new LocalFleet(name, { ...args, generations }, opts);
  }

  private constructor(
    name: string,
    args: LocalFleetArgs & { generations: readonly number[] },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rocmark:fleet:LocalFleet", name, {}, opts);
    const shared = new local.Command(
      `${name}-workspace`,
      {
        create: command(workspace, "ensure", args.directory),
        update: command(workspace, "ensure", args.directory),
        delete: command(workspace, "remove", args.directory),
        logging: local.Logging.Stderr,
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    const paths = shared.stdout.apply((text) => workspaceSchema.parse(JSON.parse(text)));
    this.environments = paths.environments;

    this.nodes = args.generations.map((generation, index) => {
      const node = `node-${index}`;
      const directory = join(args.directory, "nodes", node);
      const ensure = paths.publicKeyFile.apply((key) =>
        command(
          emulated,
          "ensure",
          "--name",
          node,
          "--directory",
          directory,
          "--authorized-key-file",
          key,
          "--lifetime-hours",
          String(args.lifetimeHours ?? 12),
        ),
      );
      const started = new local.Command(
        `${name}-${node}`,
        {
          create: ensure,
          update: ensure,
          delete: command(emulated, "stop", "--directory", directory),
          // Not a trigger: the SDK replaces on those, and the old node's delete would end the one just started.
          environment: { ROCMARK_NODE_GENERATION: String(generation) },
          logging: local.Logging.Stderr,
          addPreviousOutputInEnv: false,
        },
        { parent: this },
      );
      const address = pulumi.all([started.stdout, paths.privateKeyFile]).apply(([text, privateKeyFile]) => {
        const { host, port, user, hostKey, root } = startedSchema.parse(JSON.parse(text));
        return { host, port, user, hostKey, root, privateKeyFile, peerAddress: host };
      });
      return { name: node, address };
    });
    this.registerOutputs({ environments: this.environments, nodes: this.nodes.map((node) => node.name) });
  }
}

const workspaceSchema = z.object({
  publicKeyFile: z.string(),
  privateKeyFile: z.string(),
  environments: z.string(),
});

const startedSchema = z.object({
  host: z.string(),
  port: z.int(),
  user: z.string(),
  hostKey: z.string(),
  root: z.string(),
});
