import { about, oneOf, sourcesOf } from "./findings.ts";
import { nodeTargets, withoutTargets } from "./gpuRules.ts";
import { type Finding, type NodeFacts, pinKey } from "./request.ts";
import type { Tables } from "./tables.ts";
import { compareVersions, parseWheel, toMinor } from "./versions.ts";

/** Both parts of a set's PyTorch, "2.10.0+rocm7.1". */
export function parseSetWheel(pytorch: string): { torch: string; rocm: string } {
  const { torch, rocm } = parseWheel(pytorch) ?? {};
  if (!torch || !rocm) throw new RangeError(`A set's PyTorch has both parts, found "${pytorch}".`);
  return { torch, rocm };
}

/** Whether PyTorch's index of that ROCm has that PyTorch. */
export function wheel(pytorch: string, tables: Tables): Finding {
  const rule = about("wheel", [pinKey("pytorch")]);
  const { torch, rocm } = parseSetWheel(pytorch);
  const wanted = `torch ${pytorch} on https://download.pytorch.org/whl/rocm${rocm}`;
  const row = tables.wheels.find((entry) => entry.torch === torch && entry.rocm === rocm);
  if (row?.standing === "documented") return rule.holds(wanted, "documented", row.source);
  if (row)
    return rule.unknown(
      wanted,
      "reported, not in PyTorch's release table",
      "Allow unknowns to try it.",
      row.source,
    );
  const index = tables.wheelIndexes.find((entry) => entry.rocm === rocm);
  if (index && compareVersions(torch, index.oldest) < 0)
    return rule.broken(
      wanted,
      `the index starts at torch ${index.oldest}; pip would take a CUDA build instead`,
      `Take torch ${index.oldest} or later with rocm${rocm}, or an older ROCm.`,
      index.source,
    );
  const release = tables.torchReleases.find((entry) => entry.minor === toMinor(torch));
  if (release && compareVersions(rocm, release.rocm) > 0)
    return rule.broken(
      wanted,
      `torch ${release.minor} is built for ROCm up to ${release.rocm}`,
      `Take +rocm${release.rocm}, or a newer torch.`,
      release.source,
    );
  return rule.unknown(
    wanted,
    "no source names it",
    "Take a wheel that PyTorch documents.",
    ...sourcesOf(tables.wheels.filter((entry) => entry.torch === torch || entry.rocm === rocm)),
    "torchReleases",
  );
}

/**
 * A wheel brings its own ROCm libraries and uses them, whatever the host has. With another minor version than the pin
 * a measurement would bear the wrong ROCm's name.
 */
export function wheelAndRocm(pytorch: string, release: string): Finding {
  const rule = about("wheel and ROCm", [pinKey("pytorch"), pinKey("rocm")]);
  const { rocm } = parseSetWheel(pytorch);
  const wanted = `a wheel built with ROCm ${toMinor(release)}`;
  return toMinor(rocm) === toMinor(release)
    ? rule.holds(wanted, `+rocm${rocm}`, "torchRocmInside")
    : rule.broken(
        wanted,
        `+rocm${rocm}, which runs its own ROCm ${rocm} in place of ${release}`,
        "Pin a ROCm and a wheel of the same minor version.",
        "torchRocmInside",
      );
}

/** Whether the wheel has code for every GPU of the node. */
export function wheelAndGpu(pytorch: string, node: NodeFacts, tables: Tables): Finding {
  const { rocm } = parseSetWheel(pytorch);
  const rule = about("wheel and GPU", [pinKey("pytorch"), "node.gpus"]);
  const row = tables.wheelTargets.find((entry) => entry.major === rocm.split(".")[0]);
  const said = row ? [row] : tables.wheelTargets;
  const targets = nodeTargets(node, tables);
  if (targets === null)
    return withoutTargets(rule, `code for the GPUs in the wheels of ROCm ${rocm}`, node, ...sourcesOf(said));
  const early = tables.firstWheels.find(
    (entry) => targets.includes(entry.target) && compareVersions(toMinor(rocm), entry.rocm) < 0,
  );
  if (early)
    return rule.broken(
      `wheels of ROCm ${early.rocm} or later for ${early.target}`,
      `+rocm${rocm}`,
      `Take a wheel of ROCm ${early.rocm} or later.`,
      early.source,
    );
  const wanted = `code for ${targets.join(", ")} in the wheels of ROCm ${rocm}`;
  const lacking = targets.filter((target) => !row?.targets.includes(target));
  if (row && lacking.length === 0) return rule.holds(wanted, row.targets.join(", "), row.source);
  return rule.unknown(
    wanted,
    `nothing said of ${lacking.join(", ")}`,
    "Build PyTorch for this GPU, or take a GPU that the wheels are built for.",
    ...sourcesOf(said),
  );
}

/** Whether the PyTorch release has wheels for that Python. */
export function wheelAndPython(pytorch: string, python: string, tables: Tables): Finding {
  const rule = about("wheel and Python", [pinKey("pytorch"), pinKey("python")]);
  const { torch } = parseSetWheel(pytorch);
  const row = tables.torchReleases.find((entry) => entry.minor === toMinor(torch));
  if (row === undefined)
    return rule.unknown(
      `Python versions of torch ${torch}`,
      "no row",
      `Take a torch from ${oneOf(tables.torchReleases.map(({ minor }) => minor).toSorted(compareVersions))}.`,
      ...sourcesOf(tables.torchReleases),
    );
  const [first, last] = row.python;
  const wanted = `Python ${first} to ${last} for torch ${row.minor}`;
  if (compareVersions(python, first) >= 0 && compareVersions(python, last) <= 0)
    return rule.holds(wanted, python, row.source);
  return python === row.experimental
    ? rule.unknown(wanted, `${python}, which PyTorch calls experimental`, `Take Python ${last}.`, row.source)
    : rule.broken(wanted, `Python ${python}`, `Take Python ${first} to ${last}.`, row.source);
}
