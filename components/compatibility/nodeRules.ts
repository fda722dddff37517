import { about, oneOf, sourcesOf } from "./findings.ts";
import { byModel, findGpu } from "./gpus.ts";
import { type Finding, type NodeFacts, pinKey } from "./request.ts";
import type { RocmRow } from "./rocm.ts";
import type { Tables } from "./tables.ts";
import { compareVersions, isUbuntu, type Kernel, parseKernel, toMinor, toUbuntuSeries } from "./versions.ts";

const descending = (versions: readonly string[]) =>
  [...new Set(versions)].sort((a, b) => compareVersions(b, a));

/** The node's GPU targets, each once: what it lists, else what its model's name means; null when neither is known. */
export function nodeTargets(node: NodeFacts, tables: Tables): string[] | null {
  if (node.gpus && node.gpus.length > 0) return [...new Set(node.gpus)].sort();
  const named = node.gpuModel === undefined ? undefined : findGpu(node.gpuModel, tables.gpus);
  return named ? [named.target] : null;
}

/** Kernel series that AMD names for the Ubuntu releases {@link listed} that the node may be. */
export function namedKernels(listed: readonly string[], osVersion: string, tables: Tables) {
  const rows = tables.ubuntuKernels.filter(
    (row) => listed.includes(row.ubuntu) && isUbuntu(row.ubuntu, osVersion),
  );
  return { series: descending(rows.flatMap((row) => row.series)), sources: sourcesOf(rows) };
}

/** Whether the release's packages are where rocmark installs from; null where they are. */
export function packages(release: string, tables: Tables): Finding | null {
  const row = tables.rocmElsewhere.find((entry) => entry.rocm === toMinor(release));
  if (row === undefined) return null;
  return about("packages", [pinKey("rocm")]).broken(
    "packages under https://repo.radeon.com/rocm/apt, which rocmark installs",
    `${row.where}, with other names and another key`,
    "Pin an older ROCm; or pin only rocmark:software.pytorch, whose wheel brings its own.",
    row.source,
  );
}

/** Whether the ROCm release is for the node's distribution. */
export function operatingSystem(row: RocmRow, node: NodeFacts): Finding {
  const rule = about("operating system", [pinKey("rocm"), "node.os"]);
  const wanted = `Ubuntu ${oneOf(descending(row.ubuntu))} for ROCm ${row.release}`;
  if (node.os === undefined || node.osVersion === undefined)
    return rule.silent(
      wanted,
      "distribution",
      "Give os and osVersion, or let the node be read first.",
      row.source,
    );
  const found = `${node.os === "ubuntu" ? "Ubuntu" : node.os} ${node.osVersion}`;
  if (node.os !== "ubuntu")
    return rule.unknown(wanted, found, "Take Ubuntu 24.04 or 22.04: the matrix holds no other.", row.source);
  const { osVersion } = node;
  if (row.ubuntu.some((listed) => isUbuntu(listed, osVersion))) return rule.holds(wanted, found, row.source);
  return isLaterPoint(osVersion, row.ubuntu)
    ? rule.unknown(
        wanted,
        `${found}, a later point release than AMD's table knew`,
        "Take a ROCm release that lists it, or allow unknowns and try one node first.",
        row.source,
      )
    : rule.broken(
        wanted,
        found,
        "Upgrade the node's Ubuntu, or take a ROCm release that lists it.",
        row.source,
      );
}

// 24.04.4 where 24.04.3 is listed: apt makes the one of the other, and the table is older than it.
function isLaterPoint(osVersion: string, listed: readonly string[]): boolean {
  const same = listed.filter((ubuntu) => toUbuntuSeries(ubuntu) === toUbuntuSeries(osVersion));
  return same.length > 0 && same.every((ubuntu) => compareVersions(ubuntu, osVersion) < 0);
}

/** Whether AMD names the node's kernel for the ROCm release on its Ubuntu. */
export function kernel(row: RocmRow, node: NodeFacts, tables: Tables): Finding | null {
  if (node.os !== "ubuntu" || node.osVersion === undefined) return null;
  const { series, sources } = namedKernels(row.ubuntu, node.osVersion, tables);
  if (series.length === 0) return null;
  const rule = about("kernel", [pinKey("rocm"), "node.kernel"]);
  const wanted = `kernel ${oneOf(series)} for ROCm ${row.release} on Ubuntu ${node.osVersion}`;
  if (node.kernel === undefined)
    return rule.silent(wanted, "kernel", "Give the kernel, or let the node be read first.", ...sources);
  const running = parseKernel(node.kernel);
  if (running === null)
    return rule.unknown(wanted, node.kernel, "Boot one of Ubuntu's own kernels.", ...sources);
  return series.includes(running.series)
    ? rule.holds(wanted, node.kernel, row.source, ...sources)
    : rule.broken(
        wanted,
        node.kernel,
        `Boot kernel ${oneOf(series)} and hold its package.`,
        row.source,
        ...sources,
      );
}

/** AMD names Ubuntu's GA and HWE kernels, both generic; of a cloud's or a maker's own flavour no source speaks. */
export function kernelFlavour(node: NodeFacts): Finding | null {
  const running: Kernel | null = node.kernel === undefined ? null : parseKernel(node.kernel);
  if (running === null) return null;
  const rule = about("kernel flavour", ["node.kernel"]);
  const wanted = "Ubuntu's GA or HWE kernel, flavour generic";
  return running.flavour === "generic"
    ? rule.holds(wanted, running.flavour, "requirements724")
    : rule.unknown(
        wanted,
        `${running.flavour} (${node.kernel})`,
        "Boot linux-image-generic, or allow unknowns and try the build on one node first.",
        "requirements724",
        "driverInstall",
      );
}

/** Whether the ROCm release has libraries for every GPU of the node. */
export function rocmAndGpu(row: RocmRow, node: NodeFacts, tables: Tables): Finding {
  const rule = about("ROCm and GPU", [pinKey("rocm"), "node.gpus"]);
  const wanted = `one of ${oneOf([...row.targets].sort())} for ROCm ${row.release}`;
  const targets = nodeTargets(node, tables);
  if (targets === null)
    return node.gpuModel === undefined
      ? rule.silent(
          wanted,
          "GPUs",
          "Give gpuModel, or let the node be read with a driver loaded.",
          row.source,
        )
      : rule.unknown(
          wanted,
          node.gpuModel,
          "Give the GPU's target, gfx..., as rocminfo names it.",
          row.source,
        );
  const lacking = targets.filter((target) => !row.targets.includes(target));
  if (lacking.length === 0) return rule.holds(wanted, targets.join(", "), row.source);
  return lacking.some((target) => tables.gpus.some((gpu) => gpu.target === target))
    ? rule.broken(wanted, lacking.join(", "), "Take a ROCm release that lists the GPU.", row.source)
    : rule.unknown(wanted, lacking.join(", "), "AMD's Linux tables do not name this GPU.", row.source);
}

/** GPUs that a release excepts on a kernel although it supports both. */
export function rocmException(release: string, node: NodeFacts, tables: Tables): Finding | null {
  const { osVersion } = node;
  const running = node.kernel === undefined ? null : parseKernel(node.kernel);
  if (osVersion === undefined || running === null) return null;
  const rows = tables.rocmExceptions.filter(
    (entry) =>
      entry.rocm === toMinor(release) &&
      isUbuntu(osVersion, entry.ubuntu) &&
      entry.kernels.includes(running.series) &&
      nodeTargets(node, tables)?.includes(entry.target),
  );
  const model = node.gpuModel === undefined ? undefined : findGpu(node.gpuModel, tables.gpus)?.model;
  const row = rows.find((entry) => entry.model === model) ?? byModel(rows)[0];
  if (row === undefined) return null;
  const rule = about("ROCm and GPU on the kernel", [pinKey("rocm"), "node.kernel", "node.gpuModel"]);
  const wanted = `another kernel than ${oneOf(row.kernels)} for ${row.model} with ROCm ${row.rocm} on Ubuntu ${row.ubuntu}`;
  if (model === undefined)
    return rule.silent(wanted, `GPU's model, only its target ${row.target}`, "Give gpuModel.", row.source);
  return model === row.model
    ? rule.broken(
        wanted,
        `${model} on ${node.kernel}`,
        "Boot the GA kernel, or take a newer ROCm.",
        row.source,
      )
    : rule.holds(wanted, model, row.source);
}
