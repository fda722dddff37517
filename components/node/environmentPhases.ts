import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { ProbedCommand } from "../command/probedCommand.ts";
import {
  bundleArchive,
  lockFile,
  renderEnvironment,
  renderEnvironmentCheck,
} from "../scripts/environmentScript.ts";
import type { NodeSite } from "./phases.ts";
import type { Environment } from "./software.ts";
import type { SystemArgs, SystemReady } from "./systemPhases.ts";

/** The trainer, and each environment from its own lock, side by side once driver and packages are there. */
export function makeEnvironments(
  name: string,
  site: NodeSite,
  args: SystemArgs,
  system: SystemReady,
): remote.Command[] {
  const copy = copyToNode(site, `${name}-bundle`, system, site.bundle.archive, (root) =>
    bundleArchive(root, site.bundle.digest),
  );
  return args.pins.environments.map((environment) => {
    const { digest, lock } = environment;
    const copies = lock
      ? [
          copy,
          copyToNode(site, `${name}-lock-${environment.name}`, system, lock, (root) =>
            lockFile(root, digest),
          ),
        ]
      : [copy];
    const settings = toSettings(site, args, environment);
    return new ProbedCommand(
      environment.name === "default" ? `${name}-environment` : `${name}-environment-${environment.name}`,
      {
        connection: site.connection,
        create: settings.apply((settings) => `# asked ${args.readAt}\n${renderEnvironment(settings)}`),
        read: settings.apply(renderEnvironmentCheck),
        logging: remote.Logging.Stderr,
        addPreviousOutputInEnv: false,
      },
      { parent: site.parent, dependsOn: copies },
    );
  });
}

const copyToNode = (
  { connection, root, parent }: NodeSite,
  name: string,
  { last }: SystemReady,
  file: string,
  toPath: (root: string) => string,
) =>
  new remote.CopyToRemote(
    name,
    { connection, source: new pulumi.asset.FileAsset(file), remotePath: root.apply(toPath) },
    { parent, dependsOn: [last] },
  );

const toSettings = (site: NodeSite, { plan, context }: SystemArgs, { name, digest, lock }: Environment) =>
  pulumi
    .all([plan, site.root, site.environments, site.uvCache, site.minFreeDiskGiB])
    .apply(([plan, root, environments, uvCache, minFreeDiskGiB]) => ({
      root,
      environments,
      uvCache,
      minFreeDiskGiB,
      lockDigest: digest,
      bundleDigest: site.bundle.digest,
      pinned: {
        node: context.node,
        stack: context.stack,
        name,
        lock: lock ? lockFile(root, digest) : null,
        python: plan.pythons[name] ?? null,
        wheel: plan.wheels[name] ?? null,
      },
    }));
