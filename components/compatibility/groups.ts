import type { NodeFacts } from "./request.ts";

/** A node and what is known of it before anything is touched. */
export interface StackNode {
  name: string;
  /** Null for a node that nobody has read and of which the stack states nothing. */
  facts: NodeFacts | null;
}

/** Nodes of which the same is known: the matrix is asked once for all of them. */
export interface Group {
  nodes: readonly string[];
  facts: NodeFacts | null;
}

/** Nodes with equal facts together, in the order in which each kind of node comes first. */
export function groupByFacts(nodes: readonly StackNode[]): Group[] {
  const groups = new Map<string, { nodes: string[]; facts: NodeFacts | null }>();
  for (const { name, facts: all } of nodes) {
    const facts = all && relevant(all);
    const key = JSON.stringify(facts);
    const group = groups.get(key) ?? { nodes: [], facts };
    group.nodes.push(name);
    groups.set(key, group);
  }
  return [...groups.values()];
}

// Only what a rule reads: two nodes may differ in memory or in the order in which they list their GPUs.
function relevant(facts: NodeFacts): NodeFacts {
  const { os, osVersion, kernel, gpus, gpuModel } = facts;
  const { secureBoot, amdgpuDriver, amdgpuPackage, virtualisation, python } = facts;
  return {
    os,
    osVersion,
    kernel,
    gpus: gpus?.toSorted(),
    gpuModel,
    secureBoot,
    amdgpuDriver,
    amdgpuPackage,
    virtualisation,
    python,
  };
}

/** What a node is, in one line. */
export function describeFacts(facts: NodeFacts | null): string {
  if (facts === null) return "not read yet";
  const { os, osVersion, kernel, gpus = [], gpuModel, amdgpuDriver } = facts;
  const counts = [...new Set(gpus)].map((gpu) => `${gpus.filter((other) => other === gpu).length} x ${gpu}`);
  const parts = [
    os === undefined ? null : `${os === "ubuntu" ? "Ubuntu" : os} ${osVersion ?? "of unknown version"}`,
    kernel === undefined ? null : `kernel ${kernel}`,
    counts.length > 0 ? counts.join(" and ") : null,
    gpuModel ?? null,
    amdgpuDriver ? `amdgpu ${amdgpuDriver} loaded` : null,
  ].filter((part) => part !== null);
  return parts.length > 0 ? parts.join(", ") : "nothing known";
}
