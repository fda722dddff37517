import { about, oneOf } from "./findings.ts";
import { byModel, findGpu } from "./gpus.ts";
import { sayDistribution } from "./nodeRules.ts";
import { type Finding, type NodeFacts, pinKey } from "./request.ts";
import type { RocmRow } from "./rocm.ts";
import type { SourceKey } from "./sources.ts";
import type { Tables } from "./tables.ts";
import { isUbuntu, parseKernel, toMinor } from "./versions.ts";

/** The node's GPU targets, each once: what it lists, else what its model's name means; null when neither is known. */
export function nodeTargets(node: NodeFacts, tables: Tables): string[] | null {
  if (node.gpus && node.gpus.length > 0) return [...new Set(node.gpus)].sort();
  const named = node.gpuModel === undefined ? undefined : findGpu(node.gpuModel, tables.gpus);
  return named ? [named.target] : null;
}

/** What a rule says that needs the targets of a node which has not said them, or whose GPU the matrix does not know. */
export const withoutTargets = (
  rule: ReturnType<typeof about>,
  wanted: string,
  { gpuModel }: NodeFacts,
  ...sources: SourceKey[]
): Finding =>
  gpuModel === undefined
    ? rule.silent(wanted, "GPUs", "Give gpuModel, or let the node be read with a driver loaded.", ...sources)
    : rule.unknown(wanted, gpuModel, "Give the GPU's target, gfx..., as rocminfo names it.", ...sources);

/** What a rule says that needs the model of a node's GPU, of which only the target is known. */
export const withoutModel = (
  rule: ReturnType<typeof about>,
  wanted: string,
  { gpuModel }: NodeFacts,
  source: SourceKey,
): Finding =>
  gpuModel === undefined
    ? rule.silent(wanted, "GPU's model", "Give gpuModel, as amd-smi names it.", source)
    : rule.unknown(wanted, gpuModel, "Give gpuModel as AMD names it, MI300X or RX 7900 XTX.", source);

/** Whether the ROCm release has libraries for every GPU of the node. */
export function rocmAndGpu(row: RocmRow, node: NodeFacts, tables: Tables): Finding {
  const rule = about("ROCm and GPU", [pinKey("rocm"), "node.gpus"]);
  const wanted = `one of ${oneOf([...row.targets].sort())} for ROCm ${row.release}`;
  const targets = nodeTargets(node, tables);
  if (targets === null) return withoutTargets(rule, wanted, node, row.source);
  const lacking = targets.filter((target) => !row.targets.includes(target));
  if (lacking.length === 0) return rule.holds(wanted, targets.join(", "), row.source);
  return lacking.some((target) => tables.gpus.some((gpu) => gpu.target === target))
    ? rule.broken(wanted, lacking.join(", "), "Take a ROCm release that lists the GPU.", row.source)
    : rule.unknown(wanted, lacking.join(", "), "AMD's Linux tables do not name this GPU.", row.source);
}

/** GPUs that a release excepts on a kernel although it supports both; null where no exception could apply. */
export function rocmException(release: string, node: NodeFacts, tables: Tables): Finding | null {
  const { osVersion, kernel, gpuModel } = node;
  const targets = nodeTargets(node, tables) ?? [];
  const rows = tables.rocmExceptions.filter(
    (entry) =>
      entry.rocm === toMinor(release) &&
      targets.includes(entry.target) &&
      (osVersion === undefined || isUbuntu(osVersion, entry.ubuntu)),
  );
  const model = gpuModel === undefined ? undefined : findGpu(gpuModel, tables.gpus)?.model;
  const row = rows.find((entry) => entry.model === model) ?? byModel(rows)[0];
  if (row === undefined) return null;
  const rule = about("ROCm and GPU on the kernel", [pinKey("rocm"), "node.kernel", "node.gpuModel"]);
  const wanted = `another kernel than ${oneOf(row.kernels)} for ${row.model} with ROCm ${row.rocm} on Ubuntu ${row.ubuntu}`;
  if (model !== undefined && model !== row.model) return rule.holds(wanted, model, row.source);
  if (osVersion === undefined) return rule.silent(wanted, "distribution", sayDistribution, row.source);
  if (kernel === undefined) return rule.silent(wanted, "kernel", "Give the kernel.", row.source);
  const running = parseKernel(kernel);
  if (running !== null && !row.kernels.includes(running.series))
    return rule.holds(wanted, kernel, row.source);
  if (model === undefined) return withoutModel(rule, wanted, node, row.source);
  return running === null
    ? rule.unknown(wanted, kernel, "Boot one of Ubuntu's own kernels.", row.source)
    : rule.broken(wanted, `${model} on ${kernel}`, "Boot another kernel, or take a newer ROCm.", row.source);
}
