import { about, oneOf, sourcesOf } from "./findings.ts";
import { type Finding, type NodeFacts, pinKey } from "./request.ts";
import type { RocmRow } from "./rocm.ts";
import type { Tables } from "./tables.ts";
import { compareVersions, isUbuntu, parseKernel, toMinor, toUbuntuSeries } from "./versions.ts";

const descending = (versions: readonly string[]) =>
  [...new Set(versions)].sort((a, b) => compareVersions(b, a));

/** What to do about a node that has not said its distribution or kernel, and about one with another than Ubuntu. */
export const sayDistribution = "Give os and osVersion, or let the node be read first.";
export const sayKernel = "Give the kernel, or let the node be read first.";
export const takeUbuntu = "Take Ubuntu 24.04 or 22.04: the matrix holds no other.";

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
    return rule.silent(wanted, "distribution", sayDistribution, row.source);
  const found = `${node.os === "ubuntu" ? "Ubuntu" : node.os} ${node.osVersion}`;
  if (node.os !== "ubuntu") return rule.unknown(wanted, found, takeUbuntu, row.source);
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
  if (node.kernel === undefined) return rule.silent(wanted, "kernel", sayKernel, ...sources);
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
  const rule = about("kernel flavour", ["node.kernel"]);
  const wanted = "Ubuntu's GA or HWE kernel, flavour generic";
  if (node.kernel === undefined) return rule.silent(wanted, "kernel", sayKernel, "requirements724");
  const running = parseKernel(node.kernel);
  if (running === null) return null;
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
