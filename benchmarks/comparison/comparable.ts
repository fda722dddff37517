import { refusal } from "../errors.ts";
import type { Conditions } from "../store/conditions.ts";
import type { AlikeRuns } from "./alike.ts";

/**
 * What two arms may differ in: `nodes` (which train together), `software` (what is installed on them), `code` (the
 * trainer), or a key of the trainer's config such as `recipe`, `precision` or `lora.rank`.
 */
export type Factor = string;

/** A condition in which arms differ though they must not. */
export interface Difference {
  path: string;
  baseline: string;
  candidate: string;
}

// Under the factor: all that follows from training on other nodes, or with other versions.
const follows: Record<string, RegExp> = {
  nodes:
    /^(world\.(nodes|ranks|transport)|config\.(world\.|threads$)|installed\.(torch\.)?(device|gfx|threads)$)/,
  software:
    /^(installed\.|world\.(device|transport)$|facts\.[^.]+\.(kernel|os|osVersion|python|amdgpuDriver|accelerator)$)/,
  code: /^code\./,
};

function isExplained(path: string, factors: readonly Factor[]): boolean {
  return factors.some(
    (factor) =>
      follows[factor]?.test(path) ||
      path === `config.${factor}` ||
      path.startsWith(`config.${factor}.`) ||
      (factor === "training.effectiveBatch" && path === "world.effectiveBatch"),
  );
}

/** Factors from `nodes,lora.rank`; a key that no run has is refused. */
export function parseFactors(text: string, arms: readonly AlikeRuns[]): Factor[] {
  const factors = text.split(",").map((factor) => factor.trim());
  for (const factor of factors) {
    const known =
      Object.hasOwn(follows, factor) ||
      arms.some(({ conditions }) =>
        Object.keys(conditions?.settings ?? {}).some((path) => isExplained(path, [factor])),
      );
    if (factor === "" || !known)
      throw refusal(
        "E_FACTOR",
        `--factor: wanted nodes, software, code or a key of the trainer's config such as lora.rank, found "${factor}".`,
      );
  }
  return factors;
}

/**
 * Every condition in which two arms differ although no factor explains it, effective batch and seeds included.
 *
 * What a node says about itself is compared on nodes that both arms have: under the factor `nodes` the others may be other
 * machines. What was found during a run is compared only where both arms have a run that got that far.
 */
export function differences(
  baseline: AlikeRuns,
  candidate: AlikeRuns,
  factors: readonly Factor[],
): Difference[] {
  const found: Difference[] = [];
  const ok = [baseline, candidate].every(({ runs }) => runs.some(({ outcome }) => outcome === "ok"));
  for (const part of ok ? (["settings", "found"] as const) : (["settings"] as const)) {
    const [one, other] = [baseline.conditions?.[part] ?? {}, candidate.conditions?.[part] ?? {}];
    for (const path of [...new Set([...Object.keys(one), ...Object.keys(other)])].sort()) {
      if (one[path] === other[path] || isExplained(path, factors)) continue;
      if (path.startsWith("facts.") && factors.includes("nodes") && !isCommon(path, baseline, candidate))
        continue;
      found.push({ path, baseline: one[path] ?? "nothing", candidate: other[path] ?? "nothing" });
    }
  }
  const seeds = ({ runs }: AlikeRuns) =>
    [...new Set(runs.map((run) => run.seed))].sort((a, b) => a - b).join(", ");
  if (seeds(baseline) !== seeds(candidate) && !factors.includes("seed"))
    found.push({ path: "seed", baseline: seeds(baseline), candidate: seeds(candidate) });
  return found;
}

/** Whether both arms ran on the node that a fact is about. */
function isCommon(path: string, baseline: AlikeRuns, candidate: AlikeRuns): boolean {
  const has = (conditions: Conditions | null, node: string) =>
    (JSON.parse(conditions?.found["world.nodes"] ?? "[]") as string[]).includes(node);
  // A node's name may hold dots, so every prefix is tried.
  const parts = path.split(".").slice(1);
  return parts.some((_, i) => {
    const node = parts.slice(0, i + 1).join(".");
    return has(baseline.conditions, node) && has(candidate.conditions, node);
  });
}
