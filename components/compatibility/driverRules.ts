import type { DriverRow } from "./drivers.ts";
import { about, oneOf, sourcesOf } from "./findings.ts";
import { nodeTargets, withoutModel } from "./gpuRules.ts";
import { byModel, findGpu, firstDriver } from "./gpus.ts";
import type { BuildRow } from "./kernels.ts";
import { isLoaded } from "./loaded.ts";
import { namedKernels, sayDistribution, sayKernel, takeUbuntu } from "./nodeRules.ts";
import { type Finding, type NodeFacts, pinKey, type SoftwareSet } from "./request.ts";
import type { Tables } from "./tables.ts";
import { compareVersions, type Kernel, parseKernel, toMinor, toUbuntuSeries } from "./versions.ts";

/** Whether DKMS builds the driver on the node's kernel: by the reports first, then by what AMD names. */
export function driverOnKernel(row: DriverRow, node: NodeFacts, tables: Tables): Finding {
  const rule = about("driver on the kernel", [pinKey("driver"), "node.kernel"]);
  if (isLoaded(row, node))
    return rule.holds(`module ${row.module}`, "loaded already, nothing is built", row.moduleSource);
  const anyKernel = `a kernel that amdgpu-dkms ${row.release} builds on`;
  if (node.os === undefined || node.osVersion === undefined)
    return rule.silent(anyKernel, "distribution", sayDistribution, row.source);
  if (node.os !== "ubuntu") return rule.unknown(anyKernel, node.os, takeUbuntu, row.source);
  const listed = tables.driverUbuntu.filter((entry) => entry.drivers.includes(row.release));
  // A build turns on the kernel and the compiler, which all point releases of an Ubuntu release have in common.
  const named = namedKernels(
    listed.flatMap((entry) => entry.ubuntu),
    toUbuntuSeries(node.osVersion),
    tables,
  );
  const sources = [...new Set([row.source, ...sourcesOf(listed), ...named.sources])];
  const wanted = `${anyKernel}${named.series.length > 0 ? `: ${oneOf(named.series)}` : ""}`;
  if (node.kernel === undefined) return rule.silent(wanted, "kernel", sayKernel, ...sources);
  const running = parseKernel(node.kernel);
  if (running === null)
    return rule.unknown(wanted, node.kernel, "Boot one of Ubuntu's own kernels.", ...sources);
  const report = findReport(row.release, running, tables.reportedBuilds);
  if (report?.outcome === "fails")
    return rule.broken(
      wanted,
      `${node.kernel}, on which it was reported to fail`,
      "Boot an older kernel of the same Ubuntu and hold it, or take a newer driver.",
      report.source,
    );
  if (named.series.includes(running.series)) return rule.holds(wanted, node.kernel, ...sources);
  return rule.unknown(
    wanted,
    report ? `${node.kernel}, reported to build on another Ubuntu only` : node.kernel,
    "Boot a kernel that AMD names, or allow unknowns and try the build on one node first.",
    ...(report ? [report.source] : []),
    ...sources,
  );
}

// A failure outweighs a success; the numbers of a cloud's own kernels are not those of the generic ones.
function findReport(driver: string, { series, build, flavour }: Kernel, rows: readonly BuildRow[]) {
  const about = rows.filter(
    (row) =>
      row.drivers.includes(driver) &&
      row.series.includes(series) &&
      (row.fromBuild === 0 || (flavour === "generic" && build >= row.fromBuild)),
  );
  return about.find(({ outcome }) => outcome === "fails") ?? about[0];
}

/** A module that DKMS builds is signed with the node's own key, which the firmware has to know. */
export function secureBoot(row: DriverRow, node: NodeFacts): Finding {
  const rule = about("secure boot", [pinKey("driver"), "node.secureBoot"]);
  const wanted = "Secure Boot off, or the DKMS signing key enrolled in the firmware";
  if (isLoaded(row, node)) return rule.holds(wanted, "module loaded already", row.moduleSource);
  if (node.secureBoot === undefined)
    return rule.silent(
      wanted,
      "Secure Boot state",
      "Read it with mokutil --sb-state.",
      "issue4328",
      "driverInstall",
    );
  return node.secureBoot === "enforcing"
    ? rule.broken(
        wanted,
        "Secure Boot on, key not enrolled: the kernel refuses the module",
        "Enrol /var/lib/shim-signed/mok/MOK.der with mokutil --import and reboot at the console, or turn Secure Boot off.",
        "issue4328",
        "issue6193",
      )
    : rule.holds(wanted, node.secureBoot, "issue4328", "issue6193");
}

/** After the install the module says its own version; without knowing it nothing can be verified. */
export function driverModule(row: DriverRow): Finding {
  const rule = about("driver module", [pinKey("driver")]);
  const wanted = `the version that driver ${row.release}'s module reports`;
  return row.module === null
    ? rule.unknown(wanted, "no source", "Take a driver whose module version is documented.", row.moduleSource)
    : rule.holds(wanted, row.module, row.moduleSource);
}

/** GPUs that a driver serves only from a release on, or not under a kind of virtualisation. */
export function driverAndGpu(release: string, node: NodeFacts, tables: Tables): Finding | null {
  const rule = about("driver and GPU", [pinKey("driver"), "node.gpus"]);
  const targets = nodeTargets(node, tables) ?? [];
  for (const target of targets) {
    const first = firstDriver(target, tables.firstDrivers);
    if (first !== null && compareVersions(release, first.driver) < 0)
      return rule.broken(
        `driver ${first.driver} or later for ${target}`,
        release,
        `Take driver ${first.driver} or later.`,
        first.source,
      );
  }
  const rows = tables.driverExceptions.filter(
    (entry) => entry.driver === release && targets.includes(entry.target),
  );
  const model = node.gpuModel === undefined ? undefined : findGpu(node.gpuModel, tables.gpus)?.model;
  const row = rows.find((entry) => entry.model === model) ?? byModel(rows)[0];
  if (row === undefined) return null;
  const wanted = `another driver than ${release} for ${row.model} under KVM ${row.virtualisation}`;
  if (node.virtualisation !== undefined && node.virtualisation !== row.virtualisation)
    return rule.holds(wanted, `virtualisation ${node.virtualisation}`, row.source);
  if (model !== undefined && model !== row.model) return rule.holds(wanted, model, row.source);
  if (node.virtualisation === undefined)
    return rule.silent(wanted, "virtualisation", "Give it, or take another driver.", row.source);
  if (model === undefined) return withoutModel(rule, wanted, node, row.source);
  return rule.broken(wanted, `${model}, ${node.virtualisation}`, "Take another driver.", row.source);
}

/** AMD's window: which ROCm minors a driver's minor serves. */
export function driverAndRocm({ driver, rocm }: SoftwareSet, tables: Tables): Finding {
  const rule = about("driver and ROCm", [pinKey("driver"), pinKey("rocm")]);
  const row = tables.driverWindows.find((entry) => entry.driver === toMinor(driver));
  if (row === undefined)
    return rule.unknown(
      `a line for driver ${toMinor(driver)}.x in AMD's window`,
      "none",
      "Take a driver that AMD's table lists.",
      ...sourcesOf(tables.driverWindows),
    );
  const wanted = `ROCm ${oneOf(row.rocm.map((minor) => `${minor}.x`))} with driver ${row.driver}.x`;
  if (row.rocm.includes(toMinor(rocm))) return rule.holds(wanted, rocm, row.source);
  const known = tables.driverWindows.some((entry) => entry.rocm.includes(toMinor(rocm)));
  return known
    ? rule.broken(wanted, `ROCm ${rocm}`, "Take a driver and a ROCm that AMD lists together.", row.source)
    : rule.unknown(wanted, `ROCm ${rocm}, in no line`, "Take a ROCm that AMD's table lists.", row.source);
}
