import { local, remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { givenProps } from "../command/givenProps.ts";
import { ProbedCommand } from "../command/probedCommand.ts";
import { driver } from "../scripts/driverScript.ts";
import { type PhaseContext, rootCommand } from "../scripts/phaseScript.ts";
import { prerequisites } from "../scripts/prerequisitesScript.ts";
import { repositories } from "../scripts/repositoriesScript.ts";
import { rocm } from "../scripts/rocmScript.ts";
import { type PhasePart, renderPhases } from "../scripts/systemScript.ts";
import type { NodeSite } from "./phases.ts";
import type { Plan } from "./plan.ts";
import { rebootCommand } from "./reboot/command.ts";
import type { Pins } from "./software.ts";

/** What is done on a host, and as which stack. */
export interface SystemArgs {
  pins: Pins;
  plan: pulumi.Output<Plan>;
  context: PhaseContext;
  /** When the host was last asked what it is: every phase looks again when this changes. */
  readAt: string;
}

/** The phases that need root, done: what comes after depends on the last one. */
export interface SystemReady {
  last: pulumi.Resource;
  /** What each script said, in order. */
  outcomes: readonly pulumi.Output<string>[];
}

/** Prerequisites, repositories and driver as one script, the reboot, and ROCm's packages once their driver is loaded. */
export function makeSystem(name: string, site: NodeSite, args: SystemArgs): SystemReady {
  const { pins, plan, context } = args;
  const run = (
    role: string,
    parts: pulumi.Input<readonly PhasePart[]>,
    ends: boolean,
    after: pulumi.Resource,
  ) =>
    new ProbedCommand(
      `${name}-${role}`,
      {
        connection: site.connection,
        create: rootCommand(context, "install"),
        read: rootCommand(context, "check"),
        ...(ends ? { delete: rootCommand(context, "remove") } : {}),
        stdin: pulumi
          .output(parts)
          .apply(
            (parts) => `# asked ${args.readAt}\n${renderPhases(context, parts as readonly PhasePart[])}`,
          ),
        logging: remote.Logging.Stderr,
        addPreviousOutputInEnv: false,
      },
      { parent: site.parent, dependsOn: [after] },
    );

  // It always has an end: the claim is given up with the stack in any case.
  const system = run("system", systemParts(site, args), true, site.facts);
  const done: (remote.Command | local.Command)[] = [system];
  if (pins.request.driver !== undefined) done.push(reboot(name, site, args, system));
  const ready = done.at(-1) ?? system;
  if (pins.request.rocm === undefined) return { last: ready, outcomes: done.map(({ stdout }) => stdout) };
  const ends = pins.removeOnDestroy;
  const packages = plan.apply((plan) => [rocm({ packages: must(plan.rocm).packages, ends })]);
  const last = run("rocm", packages, ends, ready);
  return { last, outcomes: [...done, last].map(({ stdout }) => stdout) };
}

/** What the stack does not pin any more is taken off the host again, where the stack may remove at all. */
const systemParts = (site: NodeSite, { pins, plan }: SystemArgs): pulumi.Output<PhasePart[]> =>
  pulumi.all([plan, site.address]).apply(([plan, { user, root }]) => {
    const { kernelUpdates, removeOnDestroy: ends } = pins;
    return [
      prerequisites({
        user,
        root,
        kernel: plan.driver ? plan.kernel : null,
        kernelPackages: plan.driver?.kernelPackages ?? [],
        tools: [...(plan.sources ? ["ca-certificates", "gpg"] : []), "python3-venv"],
        kernelUpdates,
        removeOnDestroy: ends,
      }),
      repositories({
        sources: plan.sources,
        takeOver: pins.takeOverSources,
        isPinned: plan.sources !== null,
        ends,
      }),
      driver({
        version: plan.driver?.version ?? "",
        kernel: plan.kernel,
        isPinned: plan.driver !== null,
        ends,
      }),
    ];
  });

/** A program of this machine, since no script outlives the node that it reboots. */
function reboot(
  name: string,
  { address, parent }: NodeSite,
  { pins, plan, context, readAt }: SystemArgs,
  installed: remote.Command,
): local.Command {
  const request = pulumi
    .all([plan, address, installed.stdout])
    .apply(([{ driver, kernel }, address, outcome]) => ({
      node: context.node,
      stack: context.stack,
      address,
      module: must(driver).module,
      release: must(driver).release,
      kernel,
      allowed: pins.reboot.allowed,
      timeoutSeconds: pins.reboot.timeoutMinutes * 60,
      // What the driver's phase did: when that changes, it is looked anew which module is loaded.
      because: { outcome, readAt },
    }));
  return new local.Command(
    `${name}-reboot`,
    {
      create: rebootCommand,
      stdin: request.apply((request) => JSON.stringify(request)),
      logging: local.Logging.Stderr,
      addPreviousOutputInEnv: false,
    },
    { parent, dependsOn: [installed], transformations: [givenProps] },
  );
}

function must<T>(part: T | null): T {
  if (part === null) throw new RangeError("The plan has no part that the stack pins.");
  return part;
}
