import type { NodeFacts } from "../compatibility/request.ts";
import type { Facts } from "./facts.ts";

/** What the version matrix reads of a node's own facts. */
export const toNodeFacts = (facts: Facts): NodeFacts => ({
  os: facts.os,
  osVersion: facts.pointRelease ?? facts.osVersion,
  kernel: facts.kernel,
  gpus: facts.gpus,
  gpuModel: facts.gpuModel,
  secureBoot: facts.secureBoot,
  amdgpuDriver: facts.amdgpuDriver,
  amdgpuPackage: facts.amdgpuPackage,
  virtualisation: facts.virtualisation,
  python: facts.python,
});

/** A node's own facts, with what the operator states of it where the node itself says nothing. */
export function withStated(own: NodeFacts, stated: NodeFacts | null): NodeFacts {
  const said = Object.entries(own).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return { ...own, ...stated, ...Object.fromEntries(said) };
}

/** Whether a node has a GPU of AMD at all, with a driver or without one. */
export const hasAmdGpu = (facts: Facts): boolean => facts.amdgpuModule !== undefined;
