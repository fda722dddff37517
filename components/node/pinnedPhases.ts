import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { ProbedCommand } from "../command/probedCommand.ts";
import type { NodeFacts } from "../compatibility/request.ts";
import { notAsPinned } from "../errors.ts";
import { bundleDirectory, environmentPython } from "../scripts/environmentScript.ts";
import { checkCommand, freshCommand, renderInspection } from "../scripts/inspectionScript.ts";
import { driverInPlace, driverPhase } from "./driver.ts";
import { makeEnvironments } from "./environmentPhases.ts";
import { unexpected } from "./expected.ts";
import type { Facts } from "./facts.ts";
import { type Inspection, parseInspection } from "./found/inspection.ts";
import { toInstalled } from "./found/installed.ts";
import type { NodeEnvironment, NodeReady, NodeSite } from "./phases.ts";
import { driverPackages } from "./plan.ts";
import { planNode } from "./preflight.ts";
import type { Environment, Pins } from "./software.ts";
import { makeSystem, type SystemArgs } from "./systemPhases.ts";
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
  const plan = facts.apply((own) => planNode(name, pins, own, stated));
  const args: SystemArgs = { pins, plan, readAt, context: { node: name, stack, claim } };
  const system = makeSystem(name, site, args);
  const environments = makeEnvironments(name, site, args, system);
  const outcomes = pulumi.all([...system.outcomes, ...environments.map(({ stdout }) => stdout)]);
  const verification = inspect(name, site, args, outcomes, environments);

  const found = pulumi.all([plan, site.address, verification.stdout]).apply(([plan, { user }, text]) => {
    const inspection = parseInspection(name, text);
    const wrong = unexpected(plan, pins.environments, inspection, user);
    if (wrong.length > 0) throw notAsPinned(name, stack, wrong);
    onVerified?.(inspection.facts);
    return inspection;
  });
  return {
    verification,
    facts: found.apply((found) => found.facts),
    driver: pulumi
      .all([plan, found])
      .apply(([{ driver }, { facts }]) =>
        driver ? driverInPlace(driver.release, facts) : driverPhase(facts),
      ),
    environments: pulumi
      .all([found, site.environments])
      .apply(([found, directory]) => toEnvironments(name, found, pins.environments, directory)),
  };
}

function inspect(
  name: string,
  site: NodeSite,
  { plan, pins, readAt }: SystemArgs,
  outcomes: pulumi.Output<string[]>,
  dependsOn: pulumi.Resource[],
): remote.Command {
  const script = pulumi.all([plan, site.root, site.environments]).apply(([plan, root, environments]) =>
    renderInspection({
      packages: [...driverPackages(plan), ...(plan.rocm?.packages.map(({ name }) => name) ?? [])],
      environments: pins.environments.map(({ name, digest }) => ({
        name,
        python: environmentPython(environments, digest),
      })),
      bundle: bundleDirectory(root, site.bundle.digest),
    }),
  );
  return new ProbedCommand(
    `${name}-verification`,
    {
      connection: site.connection,
      create: freshCommand,
      read: checkCommand,
      // What the phases did decides what is there: when that changes, it is looked at anew.
      stdin: pulumi
        .all([outcomes, script])
        .apply(([outcomes, script]) =>
          [
            `# asked ${readAt}`,
            ...outcomes.flatMap((text) => text.trim().split("\n")).map((line) => `# ${line}`),
            script,
          ].join("\n"),
        ),
      logging: remote.Logging.None,
    },
    { parent: site.parent, dependsOn },
  );
}

const toEnvironments = (
  name: string,
  found: Inspection,
  environments: readonly Environment[],
  directory: string,
): Record<string, NodeEnvironment> =>
  Object.fromEntries(
    environments.map(({ name: variant, digest }) => [
      variant,
      {
        python: environmentPython(directory, digest),
        fingerprint: fingerprint(name, found.facts, toInstalled(found, variant)),
      },
    ]),
  );
