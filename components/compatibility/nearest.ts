import { allDomains, compareWheels, domainsOf, fits, parsePins } from "./domains.ts";
import { preferenceFor } from "./preference.ts";
import type { SoftwareSet } from "./request.ts";
import { type Axis, axes, type Nearest, type NodeFacts, pinKey, type SoftwareRequest } from "./request.ts";
import { best, type Domains } from "./search.ts";
import type { Tables } from "./tables.ts";
import { compareVersions } from "./versions.ts";

// Of two sets that change one pin each, the one that leaves the later of these as they are: ROCm is what is measured.
const changedFirst: readonly Axis[] = ["python", "pytorch", "driver", "rocm"];

/**
 * The smallest change of a request's pins that works on the node: fewest pins, then the pins that matter least, then
 * the nearest versions. Null when no change of pins helps, so that the node itself has to change.
 *
 * Rules that only wait for a fact of the node do not count against it: no pin could settle them.
 */
export function nearest(request: SoftwareRequest, node: NodeFacts, tables: Tables): Nearest | null {
  const all = allDomains(tables);
  const asked = domainsOf(request, tables);
  // A pin may stay, or become anything that the matrix has.
  const open = (axis: Axis): string[] => [
    ...new Set([...(parsePins(request)[axis] ? asked[axis] : []), ...all[axis]]),
  ];
  const domains: Domains = {
    rocm: open("rocm"),
    pytorch: open("pytorch"),
    driver: open("driver"),
    python: open("python"),
  };
  const changed = (set: SoftwareSet) =>
    axes.filter((axis) => request[axis] !== undefined && !keeps(axis, set[axis], request));
  const weight = (set: SoftwareSet) =>
    changed(set).reduce((sum, axis) => sum + 2 ** changedFirst.indexOf(axis), 0);
  const distance = (set: SoftwareSet) =>
    changed(set).reduce((sum, axis) => sum + steps(axis, set[axis], asked[axis], all[axis]), 0);
  const taste = preferenceFor(node, tables);

  const judged = best(
    domains,
    node,
    tables,
    (one, other) =>
      changed(one).length - changed(other).length ||
      weight(one) - weight(other) ||
      distance(one) - distance(other) ||
      taste(one, other),
  );
  if (judged === null || judged.numBroken > 0 || judged.numUnknown > 0) return null;
  const { set } = judged;
  const changes = changed(set).map((axis) => ({
    key: pinKey(axis),
    from: request[axis] ?? "",
    to: set[axis],
  }));
  const pins = axes.filter((axis) => request[axis] !== undefined);
  const repinned = Object.fromEntries(
    pins.map((axis) => [axis, keeps(axis, set[axis], request) ? request[axis] : set[axis]]),
  );
  return { request: repinned, changes, set };
}

const keeps = (axis: Axis, value: string, request: SoftwareRequest): boolean =>
  parsePins(request)[axis] !== null && fits(axis, value, request);

/** How many of the matrix's versions lie from the pin to the value, the value included. */
function steps(axis: Axis, value: string, pinned: readonly string[], all: readonly string[]): number {
  const order = axis === "pytorch" ? compareWheels : compareVersions;
  const between = (from: string) =>
    all.filter((version) =>
      order(from, value) < 0
        ? order(from, version) < 0 && order(version, value) <= 0
        : order(value, version) <= 0 && order(version, from) < 0,
    ).length;
  return Math.min(...pinned.map(between));
}
