import type { RunSummary } from "../store/summary.ts";

/** What two arms may differ in: the nodes that train together, or the software on them. */
export type Factor = "nodes" | "software";

/** A condition in which runs differ though they must not. */
export interface Difference {
  path: string;
  baseline: string;
  candidate: string;
}

// Under the factor: all that follows from training on other nodes, or with other versions.
const follows: Record<Factor, RegExp> = {
  nodes: /^(world\.(nodes|ranks|transport)|config\.world\.|facts\.|config\.threads$)/,
  software: /^(installed\.|world\.(nodes|device)|facts\.)/,
};

/**
 * Every condition in which two sets of runs differ although the factor does not explain it.
 *
 * Each set is compared by all its values of a condition, so a set that is mixed within itself shows too. What was found
 * during a run is compared only among runs that got that far.
 */
export function differences(
  baseline: readonly RunSummary[],
  candidate: readonly RunSummary[],
  factor: Factor,
): Difference[] {
  const found: Difference[] = [];
  for (const part of ["settings", "found"] as const) {
    const usable = (runs: readonly RunSummary[]) =>
      part === "found" ? runs.filter((run) => run.outcome === "ok") : runs;
    const [below, above] = [usable(baseline), usable(candidate)];
    if (below.length === 0 || above.length === 0) continue;
    const paths = new Set([...below, ...above].flatMap((run) => Object.keys(run.conditions[part])));
    for (const path of [...paths].sort()) {
      if (follows[factor].test(path)) continue;
      const [one, other] = [valuesOf(below, part, path), valuesOf(above, part, path)];
      if (one !== other || one.includes(" or ")) found.push({ path, baseline: one, candidate: other });
    }
  }
  const seeds = (runs: readonly RunSummary[]) =>
    [...new Set(runs.map((run) => run.seed))].sort((a, b) => a - b).join(", ");
  if (seeds(baseline) !== seeds(candidate))
    found.push({ path: "seed", baseline: seeds(baseline), candidate: seeds(candidate) });
  return found;
}

function valuesOf(runs: readonly RunSummary[], part: "settings" | "found", path: string): string {
  return [...new Set(runs.map((run) => run.conditions[part][path] ?? "nothing"))].sort().join(" or ");
}
