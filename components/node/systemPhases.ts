import { local, remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { givenProps } from "../command/givenProps.ts";
import { ProbedCommand } from "../command/probedCommand.ts";
import { renderDriver } from "../scripts/driverScript.ts";
import { type PhaseContext, rootCommand } from "../scripts/phaseScript.ts";
import { renderPrerequisites } from "../scripts/prerequisitesScript.ts";
import { renderRepositories } from "../scripts/repositoriesScript.ts";
import { renderRocm } from "../scripts/rocmScript.ts";
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
  prerequisites: pulumi.Resource;
  last: pulumi.Resource;
  /** What each phase said, in order. */
  outcomes: readonly pulumi.Output<string>[];
}

/** Prerequisites, repositories, driver, reboot and ROCm packages; what the stack does not pin has no phase. */
export function makeSystem(name: string, site: NodeSite, args: SystemArgs): SystemReady {
  const { pins, plan, context } = args;
  const { driver, rocm } = pins.request;
  const done: (remote.Command | local.Command)[] = [];
  const after = () => done.slice(-1);
  const run = (role: string, script: pulumi.Input<string>, dependsOn: pulumi.Resource[], ends: boolean) =>
    void done.push(
      new ProbedCommand(
        `${name}-${role}`,
        {
          connection: site.connection,
          create: rootCommand(context, "install"),
          read: rootCommand(context, "check"),
          ...(ends ? { delete: rootCommand(context, "remove") } : {}),
          stdin: pulumi.interpolate`# asked ${args.readAt}\n${script}`,
          logging: remote.Logging.Stderr,
          addPreviousOutputInEnv: false,
        },
        { parent: site.parent, dependsOn },
      ),
    );

  // The claim ends with the stack in any case.
  run("prerequisites", prerequisites(site, args), [site.facts], true);
  if (driver !== undefined || rocm !== undefined) {
    const script = plan.apply(({ sources }) =>
      renderRepositories({ ...context, sources: must(sources), takeOver: pins.takeOverSources }),
    );
    run("repositories", script, after(), pins.removeOnDestroy);
  }
  if (driver !== undefined) {
    const script = plan.apply(({ driver, kernel }) =>
      renderDriver({ ...context, version: must(driver).version, kernel }),
    );
    run("driver", script, after(), pins.removeOnDestroy);
    const installed = after()[0];
    done.push(reboot(name, site, args, installed));
  }
  if (rocm !== undefined) {
    const script = plan.apply(({ rocm }) => renderRocm({ ...context, packages: must(rocm).packages }));
    run("rocm", script, after(), pins.removeOnDestroy);
  }
  const [first] = done;
  const last = done.at(-1);
  if (first === undefined || last === undefined) throw new RangeError("A pinned host has a first phase.");
  return { prerequisites: first, last, outcomes: done.map(({ stdout }) => stdout) };
}

const prerequisites = (site: NodeSite, { pins, plan, context }: SystemArgs) =>
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
  );

/** A program of this machine, since no script outlives the node that it reboots. */
function reboot(
  name: string,
  { address, parent }: NodeSite,
  { pins, plan, context, readAt }: SystemArgs,
  installed: remote.Command | local.Command | undefined,
): local.Command {
  const request = pulumi
    .all([plan, address, installed?.stdout])
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
    { parent, dependsOn: installed ? [installed] : [], transformations: [givenProps] },
  );
}

function must<T>(part: T | null): T {
  if (part === null) throw new RangeError("The plan has no part that the stack pins.");
  return part;
}
