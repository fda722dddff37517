import type { Plan } from "../node/plan.ts";
import type { Environment } from "../node/software.ts";
import { type DeployedNode, environmentsOf } from "./question.ts";

/** Packages of the system whose versions the node was verified to have. */
export const systemPackages = ({ fingerprint }: DeployedNode): string[] =>
  Object.keys(fingerprint.installed.system ?? {});

/** What a node held when it was verified, as verification is given what a stack pins: then the same comparison tells what has changed. */
export function planAsVerified({ fingerprint: { facts, installed } }: DeployedNode): Plan {
  const packages = Object.entries(installed.system ?? {}).map(([name, version]) => ({ name, version }));
  const driver = packages.find(({ name }) => name === "amdgpu-dkms");
  const rocm = packages.filter(({ name }) => !name.startsWith("amdgpu-dkms"));
  return {
    kernel: facts.kernel,
    targets: [...new Set(facts.gpus)],
    sources: null,
    driver: driver
      ? {
          release: "as deployed",
          version: driver.version,
          module: installed.driver?.module ?? null,
          kernelPackages: [],
        }
      : null,
    rocm: installed.rocm && rocm.length > 0 ? { release: installed.rocm, packages: rocm } : null,
    wheels: {},
    pythons: {},
  };
}

/** A node's environments with exactly the packages that were verified. */
export const environmentsAsVerified = (node: DeployedNode): Environment[] =>
  Object.entries(environmentsOf(node)).map(([name, { fingerprint }]) => ({
    name,
    packages: Object.entries(fingerprint.installed.packages).map(([name, version]) => ({
      name: name.toLowerCase().replace(/[-_.]+/g, "-"),
      version,
      marker: null,
      hashes: [],
    })),
    digest: "",
    isPinned: true,
    python: null,
    lock: null,
  }));
