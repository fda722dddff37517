import type { Facts } from "./facts.ts";

/** What the driver phase has to do on a node whose driver is not pinned, in words: it says what it found. */
export function driverPhase(facts: Facts): string {
  if (facts.accelerator === "cpu") return "no driver needed: no GPU on this node, it runs on its CPU";
  if (facts.accelerator === "cuda") return `CUDA driver in place (${facts.gpus.length} GPU): left as it is`;
  const version = facts.amdgpuDriver === null ? "in-tree (no DKMS version)" : facts.amdgpuDriver;
  return `amdgpu driver ${version} in place for ${facts.gpus.join(", ")}: left as it is`;
}

/** The same for a node that was verified to hold the pinned driver. */
export const driverInPlace = (release: string, { amdgpuDriver, gpus, kernel }: Facts): string =>
  `driver ${release} (amdgpu ${amdgpuDriver ?? "of unknown version"}) built by DKMS for ${kernel} and loaded, for ${gpus.join(", ")}`;
