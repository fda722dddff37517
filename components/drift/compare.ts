import { environmentProblems, unexpected } from "../node/expected.ts";
import { difference, kernelProblems } from "../node/expectedSystem.ts";
import type { Facts } from "../node/facts.ts";
import type { Inspection } from "../node/found/inspection.ts";
import { normaliseName } from "../node/lock.ts";
import { environmentsAsVerified, planAsVerified } from "./asVerified.ts";
import { type DeployedNode, environmentsOf } from "./question.ts";

/**
 * Each way in which a node is not what it was verified to be, or is not fit, one line each: verification's own comparison,
 * and what only shows beside what was there before.
 */
export function driftOf(node: DeployedNode, found: Inspection): string[] {
  const { facts } = node.fingerprint;
  const plan = planAsVerified(node);
  const environments = environmentsAsVerified(node);
  const own =
    facts.accelerator === "rocm"
      ? unexpected(plan, environments, found, node.user)
      : [
          ...kernelProblems(plan, found),
          ...environments.flatMap((environment) => environmentProblems(environment, found)),
        ];
  return [...new Set([...own, ...hostProblems(facts, found.facts), ...additions(node, found)])];
}

const deployAgain = "run npx pulumi refresh and npx pulumi up, so that records say what they ran on";

function hostProblems(before: Facts, now: Facts): string[] {
  const items: [string, string, string, string][] = [
    ["accelerator", before.accelerator, now.accelerator, "look whether its driver is loaded: lsmod"],
    [
      "GPUs",
      count(before.gpus),
      count(now.gpus),
      "see what became of it: sudo dmesg | grep -i -e amdgpu -e nvrm",
    ],
    ["amdgpu driver", before.amdgpuDriver ?? "none", now.amdgpuDriver ?? "none", deployAgain],
    ["system", `${before.os} ${before.osVersion}`, `${now.os} ${now.osVersion}`, deployAgain],
    ["processors", String(before.cores), String(now.cores), deployAgain],
  ];
  const changed = items
    .filter(([, wanted, found]) => wanted !== found)
    .map(([item, wanted, found, next]) => difference(item, wanted, found, next));
  const [wanted, found] = [before.memoryGiB, now.memoryGiB];
  return Math.abs(found - wanted) <= MEMORY_SHARE * wanted
    ? changed
    : [
        ...changed,
        difference(
          "memory",
          `${wanted} GiB`,
          `${found} GiB`,
          "look whether a module is lost: sudo dmidecode -t memory",
        ),
      ];
}

/** Kernels keep some memory to themselves, each its own share: below this nothing is lost. */
const MEMORY_SHARE = 0.02;

/** "8 x gfx942". */
export function count(gpus: readonly string[]): string {
  const kinds = [...new Set(gpus)].map((kind) => `${gpus.filter((gpu) => gpu === kind).length} x ${kind}`);
  return kinds.join(", ") || "none";
}

/** Packages that somebody has put into an environment since: the lock that was asked for does not name them. */
const additions = (node: DeployedNode, found: Inspection): string[] =>
  Object.entries(environmentsOf(node)).flatMap(([name, { fingerprint }]) => {
    const now = found.environments[name];
    if (now === undefined || "error" in now) return [];
    const before = new Set(Object.keys(fingerprint.installed.packages).map(normaliseName));
    return Object.entries(now.packages)
      .filter(([added]) => !before.has(normaliseName(added)))
      .map(([added, version]) =>
        difference(
          name === "default" ? added : `variant "${name}", ${added}`,
          "nothing",
          version,
          "remove the environment's folder and run npx pulumi up",
        ),
      );
  });
