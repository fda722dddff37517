import { local, remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { ProbedCommand } from "../command/probedCommand.ts";
import type { NodeFacts } from "../compatibility/request.ts";
import { notAsPinned } from "../errors.ts";
import { renderDriver } from "../scripts/driverScript.ts";
import {
  bundleArchive,
  bundleDirectory,
  environmentPython,
  lockFile,
  renderEnvironment,
  renderEnvironmentCheck,
} from "../scripts/environmentScript.ts";
import { checkCommand, freshCommand, renderInspection } from "../scripts/inspectionScript.ts";
import { type PhaseContext, rootCommand } from "../scripts/phaseScript.ts";
import { renderPrerequisites } from "../scripts/prerequisitesScript.ts";
import { renderRepositories } from "../scripts/repositoriesScript.ts";
import { renderRocm } from "../scripts/rocmScript.ts";
import { driverInPlace, driverPhase } from "./driver.ts";
import { unexpected } from "./expected.ts";
import type { Facts } from "./facts.ts";
import { parseInspection } from "./found/inspection.ts";
import { toInstalled } from "./found/installed.ts";
import type { NodeReady, NodeSite } from "./phases.ts";
import { driverPackages, type Plan } from "./plan.ts";
import { planNode } from "./preflight.ts";
import { rebootCommand } from "./reboot/command.ts";
import type { Environment, Pins } from "./software.ts";
import { fingerprint } from "./verification.ts";

/** What a host with pinned software needs besides. */
export interface PinnedArgs {
  pins: Pins;
  /** The stack as `--stack` takes it. */
  stack: string;
  /** What claims the host: the stack's whole name. */
  claim: string;
  /** When the host was last asked what it is. When this changes its facts are read anew, and every phase looks again. */
  readAt: string;
  /** What the stack states of the host. */
  stated: NodeFacts | null;
  /** Told the facts of a host that holds what is pinned. */
  onVerified?(facts: Facts): void;
}

/** What is done on a host whose software is pinned, one script a phase, each after the one before. */
export function makeAsPinned(
  name: string,
  site: NodeSite,
  { pins, stack, claim, readAt, stated, onVerified }: PinnedArgs,
  facts: pulumi.Output<Facts>,
): NodeReady {
  const { connection, root, environments, parent, bundle } = site;
  const context: PhaseContext = { node: name, stack, claim };
  const plan = facts.apply((own) => planNode(name, pins, own, stated));
  const { driver, rocm } = pins.request;

  const phase = (
    role: string,
    script: pulumi.Input<string>,
    dependsOn: pulumi.Resource[],
    remove = pins.removeOnDestroy,
  ) =>
    new ProbedCommand(
      `${name}-${role}`,
      {
        connection,
        create: rootCommand(context, "install"),
        read: rootCommand(context, "check"),
        ...(remove ? { delete: rootCommand(context, "remove") } : {}),
        stdin: pulumi.interpolate`# asked ${readAt}\n${script}`,
        logging: remote.Logging.Stderr,
        addPreviousOutputInEnv: false,
      },
      { parent, dependsOn },
    );

  const prerequisites = phase(
    "prerequisites",
    pulumi.all([plan, site.address]).apply(([{ driver, kernel, sources }, { user, root }]) =>
      renderPrerequisites({
        ...context,
        user,
        root,
        kernel: driver ? kernel : null,
        kernelPackages: driver?.kernelPackages ?? [],
        tools: [...(sources ? ["ca-certificates", "gpg"] : []), "python3-venv"],
        kernelUpdates: pins.kernelUpdates,
        removeOnDestroy: pins.removeOnDestroy,
      }),
    ),
    [site.facts],
    true,
  );
  const phases: pulumi.CustomResource[] = [prerequisites];
  const outcomes: pulumi.Output<string>[] = [prerequisites.stdout];
  const next = (resource: remote.Command | local.Command) => {
    phases.push(resource);
    outcomes.push(resource.stdout);
  };
  const after = () => phases.slice(-1);

  if (driver !== undefined || rocm !== undefined)
    next(
      phase(
        "repositories",
        plan.apply(({ sources }) =>
          renderRepositories({ ...context, sources: must(sources), takeOver: pins.takeOverSources }),
        ),
        after(),
      ),
    );
  if (driver !== undefined) {
    next(
      phase(
        "driver",
        plan.apply(({ driver, kernel }) =>
          renderDriver({ ...context, version: must(driver).version, kernel }),
        ),
        after(),
      ),
    );
    next(
      new local.Command(
        `${name}-reboot`,
        {
          create: rebootCommand,
          stdin: pulumi
            .all([plan, site.address, outcomes.at(-1) ?? ""])
            .apply(([{ driver, kernel }, address, outcome]) =>
              JSON.stringify({
                node: name,
                stack,
                address,
                module: must(driver).module,
                release: must(driver).release,
                kernel,
                allowed: pins.reboot.allowed,
                timeoutSeconds: pins.reboot.timeoutMinutes * 60,
                // What the driver's phase did: when that changes, it is looked anew which module is loaded.
                because: { outcome, readAt },
              }),
            ),
          logging: local.Logging.Stderr,
          addPreviousOutputInEnv: false,
        },
        { parent, dependsOn: after() },
      ),
    );
  }
  if (rocm !== undefined)
    next(
      phase(
        "rocm",
        plan.apply(({ rocm }) => renderRocm({ ...context, packages: must(rocm).packages })),
        after(),
      ),
    );

  const copy = new remote.CopyToRemote(
    `${name}-bundle`,
    {
      connection,
      source: new pulumi.asset.FileAsset(bundle.archive),
      remotePath: root.apply((path) => bundleArchive(path, bundle.digest)),
    },
    { parent, dependsOn: [prerequisites] },
  );
  const installed = pins.environments.map((environment) => {
    const { digest, lock } = environment;
    const ofLock = lock
      ? [
          new remote.CopyToRemote(
            `${name}-lock-${environment.name}`,
            {
              connection,
              source: new pulumi.asset.FileAsset(lock),
              remotePath: root.apply((path) => lockFile(path, digest)),
            },
            { parent, dependsOn: [prerequisites] },
          ),
        ]
      : [];
    const args = pulumi
      .all([plan, root, environments, site.uvCache, site.minFreeDiskGiB])
      .apply(([plan, root, environments, uvCache, minFreeDiskGiB]) => ({
        root,
        environments,
        uvCache,
        minFreeDiskGiB,
        lockDigest: digest,
        bundleDigest: bundle.digest,
        pinned: {
          ...context,
          name: environment.name,
          lock: lock ? lockFile(root, digest) : null,
          python: plan.pythons[environment.name] ?? null,
          wheel: plan.wheels[environment.name] ?? null,
        },
      }));
    return new ProbedCommand(
      environment.name === "default" ? `${name}-environment` : `${name}-environment-${environment.name}`,
      {
        connection,
        create: args.apply((args) => `# asked ${readAt}\n${renderEnvironment(args)}`),
        read: args.apply(renderEnvironmentCheck),
        logging: remote.Logging.Stderr,
        addPreviousOutputInEnv: false,
      },
      { parent, dependsOn: [copy, ...ofLock, ...after()] },
    );
  });

  const verification = new ProbedCommand(
    `${name}-verification`,
    {
      connection,
      create: freshCommand,
      read: checkCommand,
      stdin: pulumi
        .all([plan, root, environments, pulumi.all([...outcomes, ...installed.map(({ stdout }) => stdout)])])
        .apply(([plan, root, environments, outcomes]) => {
          const script = renderInspection({
            packages: [...driverPackages(plan), ...(plan.rocm?.packages.map(({ name }) => name) ?? [])],
            environments: pins.environments.map(({ name, digest }) => ({
              name,
              python: environmentPython(environments, digest),
            })),
            bundle: bundleDirectory(root, bundle.digest),
          });
          // What the phases did decides what is there: when that changes, it is looked at anew.
          return [`# asked ${readAt}`, ...outcomes.map((line) => `# ${line.trim()}`), script].join("\n");
        }),
      logging: remote.Logging.None,
    },
    { parent, dependsOn: installed },
  );
  const found = pulumi
    .all([plan, site.address, verification.stdout])
    .apply(([plan, { user }, text]) => judge(name, stack, plan, pins.environments, user, text));
  const ready = pulumi.all([found, environments]).apply(([found, environments]) => {
    onVerified?.(found.facts);
    return Object.fromEntries(
      pins.environments.map(({ name: variant, digest }) => [
        variant,
        {
          python: environmentPython(environments, digest),
          fingerprint: fingerprint(name, found.facts, toInstalled(found, variant)),
        },
      ]),
    );
  });
  return {
    facts: found.facts,
    driver: pulumi
      .all([plan, found.facts])
      .apply(([plan, facts]) =>
        plan.driver ? driverInPlace(plan.driver.release, facts) : driverPhase(facts),
      ),
    environments: ready,
  };
}

function judge(
  name: string,
  stack: string,
  plan: Plan,
  environments: readonly Environment[],
  user: string,
  text: string,
) {
  const found = parseInspection(name, text);
  const wrong = unexpected(plan, environments, found, user);
  if (wrong.length > 0) throw notAsPinned(name, stack, wrong);
  return found;
}

function must<T>(part: T | null): T {
  if (part === null) throw new RangeError("The plan has no part that the stack pins.");
  return part;
}
