import { driverAndGpu, driverAndRocm, driverModule, driverOnKernel, secureBoot } from "./driverRules.ts";
import { about, sourcesOf } from "./findings.ts";
import { kernel, kernelFlavour, operatingSystem, rocmAndGpu, rocmException } from "./nodeRules.ts";
import { type Axis, axes, type Finding, type NodeFacts, pinKey, type SoftwareSet } from "./request.ts";
import type { SourceKey } from "./sources.ts";
import type { Tables } from "./tables.ts";
import { parseSetWheel, wheel, wheelAndGpu, wheelAndPython, wheelAndRocm } from "./wheelRules.ts";

interface Rule {
  /** The parts of the set that it reads: it can be asked as soon as they are chosen. */
  reads: readonly Axis[];
  /** Null where it does not apply, or where another rule already says that it cannot be known. */
  ask: (set: SoftwareSet, node: NodeFacts, tables: Tables) => (Finding | null)[];
}

const rocmOf = (set: SoftwareSet, tables: Tables) => tables.rocm.find((row) => row.release === set.rocm);
const driverOf = (set: SoftwareSet, tables: Tables) =>
  tables.drivers.find((row) => row.release === set.driver);

const rules: readonly Rule[] = [
  {
    reads: ["rocm"],
    ask: (set, node, tables) => {
      const row = rocmOf(set, tables);
      if (row === undefined) return [unlisted("rocm", set.rocm, tables.rocm), kernelFlavour(node)];
      return [
        operatingSystem(row, node),
        kernel(row, node, tables),
        kernelFlavour(node),
        rocmAndGpu(row, node, tables),
        rocmException(set.rocm, node, tables),
      ];
    },
  },
  {
    reads: ["pytorch"],
    ask: (set, node, tables) => [wheel(set.pytorch, tables), wheelAndGpu(set.pytorch, node, tables)],
  },
  { reads: ["pytorch", "rocm"], ask: (set) => [wheelAndRocm(set.pytorch, set.rocm)] },
  {
    reads: ["driver"],
    ask: (set, node, tables) => {
      const row = driverOf(set, tables);
      const gpu = driverAndGpu(set.driver, node, tables);
      if (row === undefined) return [unlisted("driver", set.driver, tables.drivers), gpu];
      return [driverOnKernel(row, node, tables), secureBoot(row, node), driverModule(row), gpu];
    },
  },
  { reads: ["driver", "rocm"], ask: (set, _node, tables) => [driverAndRocm(set, tables)] },
  {
    reads: ["pytorch", "python"],
    ask: (set, _node, tables) => [wheelAndPython(set.pytorch, set.python, tables)],
  },
];

/**
 * The rules to ask when the parts of a set are chosen in the order of {@link axes}: those whose last part is the one
 * just chosen. All four steps together ask every rule once.
 */
export const rulesAt: Readonly<Record<Axis, readonly Rule[]>> = {
  rocm: lastIs("rocm"),
  pytorch: lastIs("pytorch"),
  driver: lastIs("driver"),
  python: lastIs("python"),
};

function lastIs(axis: Axis): readonly Rule[] {
  const at = axes.indexOf(axis);
  return rules.filter(
    ({ reads }) => reads.includes(axis) && reads.every((other) => axes.indexOf(other) <= at),
  );
}

/** What every rule says of a complete set on a node. */
export function check(set: SoftwareSet, node: NodeFacts, tables: Tables): Finding[] {
  parseSetWheel(set.pytorch);
  return axes.flatMap((axis) => askRules(axis, set, node, tables));
}

/** What the rules of one step say. */
export function askRules(axis: Axis, set: SoftwareSet, node: NodeFacts, tables: Tables): Finding[] {
  return rulesAt[axis].flatMap(({ ask }) => ask(set, node, tables)).filter((finding) => finding !== null);
}

/** A release that the matrix does not hold: neither fine nor impossible. */
function unlisted(axis: "rocm" | "driver", release: string, rows: readonly { source: SourceKey }[]): Finding {
  const name = axis === "rocm" ? "ROCm release" : "driver release";
  return about("listed", [pinKey(axis)]).unknown(
    `a ${name} that the matrix holds`,
    release,
    `Take a ${name} that the matrix holds, or add its row with its source.`,
    ...sourcesOf(rows),
  );
}
