import { driverAndGpu, driverAndRocm, driverModule, driverOnKernel, secureBoot } from "./driverRules.ts";
import { about, sourcesOf } from "./findings.ts";
import { rocmAndGpu, rocmException } from "./gpuRules.ts";
import { isLoaded } from "./loaded.ts";
import { kernel, kernelFlavour, operatingSystem, packages } from "./nodeRules.ts";
import {
  type Axis,
  axes,
  type Finding,
  type NodeFacts,
  pinKey,
  type Scope,
  type SoftwareSet,
} from "./request.ts";
import type { SourceKey } from "./sources.ts";
import type { Tables } from "./tables.ts";
import { parseSetWheel, wheel, wheelAndGpu, wheelAndPython, wheelAndRocm } from "./wheelRules.ts";

export interface Rule {
  /** The parts of the set that it reads: it can be asked as soon as they are chosen. */
  reads: readonly Axis[];
  /** Null where it does not apply, or where another rule already says that it cannot be known. */
  ask: (set: SoftwareSet, node: NodeFacts, tables: Tables, scope: Scope) => (Finding | null)[];
}

const rules: readonly Rule[] = [
  {
    reads: ["rocm"],
    ask: (set, node, tables, scope) => {
      const row = tables.rocm.find((entry) => entry.release === set.rocm);
      const onGpu = [row ? rocmAndGpu(row, node, tables) : null, rocmException(set.rocm, node, tables)];
      if (scope === "wheel") return onGpu;
      if (row === undefined) return [unlisted("rocm", set.rocm, tables.rocm), kernelFlavour(node), ...onGpu];
      return [
        packages(set.rocm, tables),
        operatingSystem(row, node),
        kernel(row, node, tables),
        kernelFlavour(node),
        ...onGpu,
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
    ask: (set, node, tables, scope) => {
      const row = tables.drivers.find((entry) => entry.release === set.driver);
      const gpu = driverAndGpu(set.driver, node, tables);
      if (row === undefined) return [unlisted("driver", set.driver, tables.drivers), gpu];
      // For a wheel alone the kernel matters only to a driver that is yet to be built on it.
      const flavour = scope === "host" || isLoaded(row, node) ? null : kernelFlavour(node);
      return [driverOnKernel(row, node, tables), flavour, secureBoot(row, node), driverModule(row), gpu];
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
export function check(set: SoftwareSet, node: NodeFacts, tables: Tables, scope: Scope): Finding[] {
  parseSetWheel(set.pytorch);
  return axes.flatMap((axis) => rulesAt[axis].flatMap((rule) => askRule(rule, set, node, tables, scope)));
}

/** What one rule says. */
export const askRule = ({ ask }: Rule, ...on: Parameters<Rule["ask"]>): Finding[] =>
  ask(...on).filter((finding) => finding !== null);

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
