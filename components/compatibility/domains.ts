import { perTable } from "./perTable.ts";
import type { Axis, Scope, SoftwareRequest } from "./request.ts";
import type { Domains } from "./search.ts";
import type { Tables } from "./tables.ts";
import { compareVersions, parsePython, parseRelease, parseWheel, type Wheel } from "./versions.ts";

const newestFirst = (versions: readonly string[]): string[] =>
  [...new Set(versions)].sort((a, b) => compareVersions(b, a));

/** Order of wheels: by PyTorch's version, then by that of the ROCm inside. */
export function compareWheels(one: string, other: string): number {
  const [a, b] = [parseWheel(one), parseWheel(other)];
  return compareVersions(a?.torch ?? "0", b?.torch ?? "0") || compareVersions(a?.rocm ?? "0", b?.rocm ?? "0");
}

/** Everything that the matrix has, newest first: what a request without pins may become. */
export const allDomains = (tables: Tables, scope: Scope): Domains => domainsIn[scope](tables);

const domainsIn: Record<Scope, (tables: Tables) => Domains> = {
  host: perTable((tables: Tables) => everything(tables, "host")),
  wheel: perTable((tables: Tables) => everything(tables, "wheel")),
};

function everything(tables: Tables, scope: Scope): Domains {
  // What is in a wheel needs no packages of the same release on any host.
  const inWheels = scope === "wheel" ? tables.wheels.map((row) => parseRelease(row.rocm) ?? row.rocm) : [];
  return {
    rocm: newestFirst([...tables.rocm.map((row) => row.release), ...inWheels]),
    pytorch: [...new Set(tables.wheels.map((row) => `${row.torch}+rocm${row.rocm}`))].sort((a, b) =>
      compareWheels(b, a),
    ),
    driver: newestFirst(tables.drivers.map((row) => row.release)),
    python: newestFirst(
      tables.torchReleases.flatMap(({ python: [first, last], experimental }) => [
        ...minorsBetween(first, last),
        ...(experimental ? [experimental] : []),
      ]),
    ),
  };
}

/** "3.10", "3.11" and "3.12" of "3.10" and "3.12". */
function minorsBetween(first: string, last: string): string[] {
  const [from, to] = [first, last].map((version) => Number(version.split(".")[1]));
  if (from === undefined || to === undefined) return [];
  return Array.from({ length: to - from + 1 }, (_, index) => `3.${from + index}`);
}

/** The values that a request leaves open: one for a pin, also for one that the matrix does not hold. */
export function domainsOf(request: SoftwareRequest, tables: Tables, scope: Scope): Domains {
  const all = allDomains(tables, scope);
  const pinned = parsePins(request);
  return {
    rocm: pinned.rocm ? [pinned.rocm] : all.rocm,
    pytorch: pinned.pytorch ? wheelsFor(pinned.pytorch, all.pytorch, tables) : all.pytorch,
    driver: pinned.driver ? [pinned.driver] : all.driver,
    python: pinned.python ? [pinned.python] : all.python,
  };
}

/** A request's pins in the form of a set's parts. */
export interface Pins {
  rocm: string | null;
  pytorch: Wheel | null;
  driver: string | null;
  python: string | null;
}

/** Every pin in the form of a set's parts; null for a pin that is not there or that is malformed. */
export function parsePins({ rocm, pytorch, driver, python }: SoftwareRequest): Pins {
  return {
    rocm: rocm === undefined ? null : parseRelease(rocm),
    pytorch: pytorch === undefined ? null : parseWheel(pytorch),
    driver: driver === undefined ? null : parseRelease(driver),
    python: python === undefined ? null : parsePython(python),
  };
}

/** Whether a part of a set is what the pin says; an open half of a PyTorch pin fits everything. */
export function fits(axis: Axis, value: string, pins: Pins): boolean {
  if (axis !== "pytorch") return pins[axis] === null || pins[axis] === value;
  const [wanted, found] = [pins.pytorch, parseWheel(value)];
  return (
    wanted === null ||
    ((wanted.torch === null || wanted.torch === found?.torch) &&
      (wanted.rocm === null || wanted.rocm === found?.rocm))
  );
}

// A half that is pinned goes with every value of the other half, so that "no source names it" can be an answer.
function wheelsFor({ torch, rocm }: Wheel, all: readonly string[], tables: Tables): string[] {
  const torches = torch ? [torch] : newestFirst(tables.wheels.map((row) => row.torch));
  const inside = rocm ? [rocm] : newestFirst(tables.wheels.map((row) => row.rocm));
  const pairs = torches.flatMap((version) => inside.map((minor) => `${version}+rocm${minor}`));
  return [...new Set([...pairs, ...(torch || rocm ? [] : all)])].sort((a, b) => compareWheels(b, a));
}
