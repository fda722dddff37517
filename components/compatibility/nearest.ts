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
  const keeps = (axis: Axis, value: string): boolean => pins[axis] !== null && fits(axis, value, pins);
  const isChange = (axis: Axis, value: string) => request[axis] !== undefined && !keeps(axis, value);
  const mayChange = axes.filter((axis) => request[axis] !== undefined && !fixed.includes(axis));
  // A pin that cannot be read has to change whatever else does.
  const mustChange = mayChange.filter((axis) => pins[axis] === null);

  for (const changed of fewestFirst(mayChange)) {
    if (!mustChange.every((axis) => changed.includes(axis))) continue;
    const values = (axis: Axis): readonly string[] =>
      changed.includes(axis) ? all[axis].filter((value) => isChange(axis, value)) : asked[axis];
    const domains: Domains = {
      rocm: values("rocm"),
      pytorch: values("pytorch"),
      driver: values("driver"),
      python: values("python"),
    };
    const taste = preferenceFor(domains, node, tables);
    const judged = best(domains, ground, (set) => [distance(changed, set), ...taste(set)], true);
    if (judged !== null) return toNearest(judged.set);
  }
  return null;

  function distance(changed: readonly Axis[], set: SoftwareSet): number {
    return changed.reduce((sum, axis) => sum + steps(axis, set[axis], asked[axis], all[axis]), 0);
  }

  function toNearest(set: SoftwareSet): Nearest | null {
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
  }
}

/** Every choice of pins to change: of few pins before one of more, and of those that matter less before the others. */
function fewestFirst(pinned: readonly Axis[]): Axis[][] {
  const weight = (choice: readonly Axis[]) =>
    choice.reduce((sum, axis) => sum + 2 ** changedFirst.indexOf(axis), 0);
  return Array.from({ length: 2 ** pinned.length }, (_, bits) =>
    pinned.filter((_, at) => bits & (1 << at)),
  ).sort((a, b) => a.length - b.length || weight(a) - weight(b));
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
