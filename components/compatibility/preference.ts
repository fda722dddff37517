import { compareWheels } from "./domains.ts";
import { isLoaded } from "./driverRules.ts";
import type { NodeFacts, SoftwareSet } from "./request.ts";
import type { Preference } from "./search.ts";
import type { Tables } from "./tables.ts";
import { compareVersions, parsePython } from "./versions.ts";

/** The solver's taste among sets that are equally possible. */
export function preferenceFor(node: NodeFacts, tables: Tables): Preference {
  const own = typeof node.python === "string" ? parsePython(node.python) : null;
  const driverOf = (set: SoftwareSet) => tables.drivers.find((row) => row.release === set.driver);
  const loaded = (set: SoftwareSet) => {
    const row = driverOf(set);
    return row !== undefined && isLoaded(row, node) ? 0 : 1;
  };
  const paired = (set: SoftwareSet) => (driverOf(set)?.shippedWith === set.rocm ? 0 : 1);
  const ownPython = (set: SoftwareSet) => (set.python === own ? 0 : 1);
  return (one, other) =>
    loaded(one) - loaded(other) ||
    compareVersions(other.rocm, one.rocm) ||
    compareWheels(other.pytorch, one.pytorch) ||
    paired(one) - paired(other) ||
    compareVersions(other.driver, one.driver) ||
    ownPython(one) - ownPython(other) ||
    compareVersions(other.python, one.python);
}
