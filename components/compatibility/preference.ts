import { compareWheels } from "./domains.ts";
import { mayBeLoaded } from "./loaded.ts";
import type { NodeFacts } from "./request.ts";
import type { Domains, Preference } from "./search.ts";
import type { Tables } from "./tables.ts";
import { compareVersions, parsePython } from "./versions.ts";

/** Place of each value when the newest comes first: worked out once, for many thousand comparisons. */
const ranks = (values: readonly string[], compare: (one: string, other: string) => number) =>
  new Map(values.toSorted((a, b) => compare(b, a)).map((value, rank) => [value, rank]));

/** The solver's taste among sets of these domains that are equally possible: no two of them have the same. */
export function preferenceFor(domains: Domains, node: NodeFacts, tables: Tables): Preference {
  const own = typeof node.python === "string" ? parsePython(node.python) : null;
  const drivers = new Map(tables.drivers.map((row) => [row.release, row]));
  const loaded = new Set(
    tables.drivers.filter((row) => mayBeLoaded(row, node)).map(({ release }) => release),
  );
  const rocm = ranks(domains.rocm, compareVersions);
  const pytorch = ranks(domains.pytorch, compareWheels);
  const driver = ranks(domains.driver, compareVersions);
  const python = ranks(domains.python, compareVersions);
  return (set) => [
    loaded.has(set.driver) ? 0 : 1,
    rocm.get(set.rocm) ?? 0,
    pytorch.get(set.pytorch) ?? 0,
    drivers.get(set.driver)?.shippedWith === set.rocm ? 0 : 1,
    driver.get(set.driver) ?? 0,
    set.python === own ? 0 : 1,
    python.get(set.python) ?? 0,
  ];
}
