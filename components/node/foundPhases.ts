import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { notAsAsked } from "../errors.ts";
import { bundleArchive, environmentPython, renderEnvironment } from "../scripts/environmentScript.ts";
import { renderVerification } from "../scripts/verificationScript.ts";
import { driverPhase } from "./driver.ts";
import type { Facts } from "./facts.ts";
import type { NodeEnvironment, NodeReady, NodeSite } from "./phases.ts";
import type { Software } from "./software.ts";
import { differences, fingerprint, parseInstalled } from "./verification.ts";

/** What is done on a host that is used as it is found: the trainer and its locked environment, and what is there then. */
export function useAsFound(
  name: string,
  site: NodeSite,
  software: Software,
  facts: pulumi.Output<Facts>,
): NodeReady {
  const { connection, environments, root, parent } = site;
  const copy = new remote.CopyToRemote(
    `${name}-bundle`,
    {
      connection,
      source: new pulumi.asset.FileAsset(site.bundle.archive),
      remotePath: root.apply((path) => bundleArchive(path, site.bundle.digest)),
    },
    { parent, dependsOn: [site.facts] },
  );

  const environment = new remote.Command(
    `${name}-environment`,
    {
      connection,
      create: pulumi
        .all([root, environments, site.uvCache, site.minFreeDiskGiB])
        .apply(([root, environments, uvCache, minFreeDiskGiB]) =>
          renderEnvironment({
            root,
            environments,
            uvCache,
            minFreeDiskGiB,
            lockDigest: software.digest,
            bundleDigest: site.bundle.digest,
          }),
        ),
      // The engine would store each log line twice; the outputs say all there is to know.
      logging: remote.Logging.Stderr,
      addPreviousOutputInEnv: false,
    },
    { parent, dependsOn: [copy] },
  );
  const python = environments.apply((path) => environmentPython(path, software.digest));

  const verification = new remote.Command(
    `${name}-verification`,
    {
      connection,
      create: python.apply((python) => renderVerification({ python })),
      triggers: [environment.stdout],
      logging: remote.Logging.None,
      addPreviousOutputInEnv: false,
    },
    { parent, dependsOn: [environment] },
  );
  const ready = pulumi
    .all([facts, verification.stdout, python])
    .apply(([facts, text, python]): Record<string, NodeEnvironment> => {
      const installed = parseInstalled(name, text);
      const wrong = differences(software.packages, installed, facts);
      if (wrong.length > 0) throw notAsAsked(name, wrong);
      return { default: { python, fingerprint: fingerprint(name, facts, installed) } };
    });
  return { verification, facts, driver: facts.apply(driverPhase), environments: ready };
}
