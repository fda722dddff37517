import { allDomains, compareWheels, domainsOf, fits, parsePins } from "./domains.ts";
import { preferenceFor } from "./preference.ts";
import { type Axis, axes, type Nearest, pinKey, type SoftwareRequest, type SoftwareSet } from "./request.ts";
import { best, type Domains, type Ground } from "./search.ts";
import { compareVersions } from "./versions.ts";

// Of two sets that change one pin each, the one that leaves the later of these as they are: ROCm is what is measured.
const changedFirst: readonly Axis[] = ["python", "pytorch", "driver", "rocm"];

/**
 * The smallest change of a request's pins that works on the node: fewest pins, then the pins that matter least, then
 * the nearest versions. Null when no change of pins helps: the node has to change, or to say what it has not said.
 *
 * Rules that only wait for a fact of the node do not count against it: no pin could settle them.
 */
export function nearest(request: SoftwareRequest, ground: Ground, fixed: readonly Axis[]): Nearest | null {
  const { node, tables, scope } = ground;
  const all = allDomains(tables, scope);
  const asked = domainsOf(request, tables, scope);
  const pins = parsePins(request);
  // A pin may stay, or become anything that the matrix has, unless it is fixed.
  const open = (axis: Axis): readonly string[] =>
    fixed.includes(axis) ? asked[axis] : [...new Set([...(pins[axis] ? asked[axis] : []), ...all[axis]])];
  const domains: Domains = {
    rocm: open("rocm"),
    pytorch: open("pytorch"),
    driver: open("driver"),
    python: open("python"),
  };
  const keeps = (axis: Axis, value: string): boolean => pins[axis] !== null && fits(axis, value, pins);
  const isChange = (axis: Axis, value: string) => request[axis] !== undefined && !keeps(axis, value);
  const cost = {
    rocm: costs("rocm"),
    pytorch: costs("pytorch"),
    driver: costs("driver"),
    python: costs("python"),
  };
  const taste = preferenceFor(domains, node, tables);
  const judged = best(domains, ground, (set) => [...total(set), ...taste(set)]);
  if (judged === null || judged.numBroken > 0 || judged.numUnknown > 0) return null;
  const { set } = judged;
  const changes = axes
    .filter((axis) => isChange(axis, set[axis]))
    .map((axis) => ({ key: pinKey(axis), from: request[axis] ?? "", to: set[axis] }));
  if (changes.length === 0) return null;
  const repinned = Object.fromEntries(
    axes
      .filter((axis) => request[axis] !== undefined)
      .map((axis) => [axis, keeps(axis, set[axis]) ? request[axis] : set[axis]]),
  );
  return { request: repinned, changes, set };

  // Of each value: pins changed, how much they matter, versions between.
  function costs(axis: Axis): Map<string, readonly [number, number, number]> {
    return new Map(
      domains[axis].map((value) => [
        value,
        isChange(axis, value)
          ? [1, 2 ** changedFirst.indexOf(axis), steps(axis, value, asked[axis], all[axis])]
          : [0, 0, 0],
      ]),
    );
  }

  function total(set: SoftwareSet): number[] {
    const parts = axes.map((axis) => cost[axis].get(set[axis]) ?? [0, 0, 0]);
    return [0, 1, 2].map((at) => parts.reduce((sum, part) => sum + (part[at] ?? 0), 0));
  }
}

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
