import { difference, driverProblems, kernelProblems, rocmProblems } from "./expectedSystem.ts";
import type { Inspection } from "./found/inspection.ts";
import type { Plan } from "./plan.ts";
import type { Environment } from "./software.ts";
import { differences } from "./verification.ts";

/** Every way in which a host differs from its plan, one line each; empty when it is as planned. */
export function unexpected(
  plan: Plan,
  environments: readonly Environment[],
  found: Inspection,
  user: string,
): string[] {
  return [
    ...kernelProblems(plan, found),
    ...driverProblems(plan, found),
    ...gpuProblems(plan, found, user),
    ...rocmProblems(plan, found),
    ...environments.flatMap((environment) => environmentProblems(environment, found)),
  ];
}

function gpuProblems({ targets }: Plan, { facts, amdSmi, rocminfo }: Inspection, user: string): string[] {
  const problems: string[] = [];
  if (facts.gpus.length === 0)
    problems.push(
      difference(
        "GPUs",
        "at least one that the kernel lists",
        null,
        "look for its errors: sudo dmesg | grep -i amdgpu",
      ),
    );
  const strange = [...new Set(facts.gpus)].filter((gpu) => targets.length > 0 && !targets.includes(gpu));
  if (strange.length > 0)
    problems.push(
      difference(
        "GPU target",
        targets.join(" or "),
        strange.join(", "),
        "correct the facts that the stack states",
      ),
    );
  if (facts.kfd === "denied")
    problems.push(
      difference(
        "/dev/kfd",
        `read and write for ${user}`,
        `neither (its device groups: ${facts.deviceGroups?.join(", ") || "none"})`,
        `sudo usermod -aG render,video ${user}, then log in anew; and see who owns it: ls -l /dev/kfd`,
      ),
    );
  if (amdSmi !== null && amdSmi.gpus.length !== facts.gpus.length)
    problems.push(
      difference(
        "amd-smi",
        `${facts.gpus.length} GPUs, as the kernel lists`,
        `${amdSmi.gpus.length}${amdSmi.problem ? ` (${amdSmi.problem})` : ""}`,
        "run it on the node: amd-smi list",
      ),
    );
  if (rocminfo !== null && facts.kfd !== "denied" && !sameItems(rocminfo.gpus, facts.gpus))
    problems.push(
      difference(
        "rocminfo",
        facts.gpus.join(", ") || "GPUs",
        rocminfo.gpus.join(", ") || rocminfo.problem,
        "run it on the node: rocminfo",
      ),
    );
  return problems;
}

export function environmentProblems({ name, packages }: Environment, found: Inspection): string[] {
  const of = (item: string) => (name === "default" ? item : `${item} of variant "${name}"`);
  const environment = found.environments[name];
  if (environment === undefined || "error" in environment)
    return [
      difference(
        of("environment"),
        "a Python that imports torch",
        environment?.error ?? null,
        "remove its folder and run pulumi up",
      ),
    ];
  const problems = differences(packages, environment, found.facts).map(
    (line) =>
      `${name === "default" ? line : `variant "${name}", ${line}`}; remove the environment's folder and run pulumi up`,
  );
  if (environment.torch.hip !== null && environment.torch.device === null && found.facts.kfd !== "denied")
    problems.push(
      difference(
        of("torch"),
        "a GPU that it can use",
        null,
        "run it on the node: python -c 'import torch; torch.cuda.init()'",
      ),
    );
  const fitness = found.fitness[name];
  const broken = fitness?.checks.filter(({ ok }) => !ok) ?? [];
  if (fitness === undefined || fitness.error !== null || fitness.checks.length === 0)
    problems.push(
      difference(
        of("functional check"),
        "a report of each device",
        fitness?.error ?? null,
        "run it on the node: python -m trainer probe",
      ),
    );
  for (const { device, ...measured } of broken)
    problems.push(
      difference(
        of(`functional check on ${device}`),
        "right results",
        JSON.stringify(measured),
        "this device is not fit: take the node out, or have it repaired",
      ),
    );
  return problems;
}

const sameItems = (a: readonly string[], b: readonly string[]): boolean =>
  JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted());
