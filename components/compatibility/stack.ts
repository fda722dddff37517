import { explainStack } from "./explainStack.ts";
import { type Group, groupByFacts, type StackNode } from "./groups.ts";
import { type Axis, type Finding, type NodeFacts, pinKey, type SoftwareRequest } from "./request.ts";
import { type Solution, type SolveOptions, solve } from "./solve.ts";
import type { Tables } from "./tables.ts";

/** A further PyTorch environment beside the stack's own, on the same driver. */
export interface StackVariant {
  name: string;
  pytorch: string;
  /** @default the stack's own Python */
  python?: string | undefined;
}

/** All that a stack pins of its software. */
export interface StackRequest extends SoftwareRequest {
  /** ROCm packages to install beside those that verification needs; only where {@link rocm} is pinned. @default [] */
  packages?: readonly string[] | undefined;
  /** @default [] */
  variants?: readonly StackVariant[] | undefined;
}

/** What the matrix says for one kind of node, by environment: "default" first, then each variant. */
export interface GroupAnswer extends Group {
  environments: readonly { name: string; solution: Solution }[];
}

/** One answer for a whole stack. */
export interface StackAnswer {
  /** refused: for at least one node at least one set is impossible, or unknown where unknowns are not allowed. */
  kind: "solved" | "refused";
  groups: readonly GroupAnswer[];
  /** For a person: every node and, for each kind of node, its sets or every rule that stands against them. */
  message: string;
}

export interface StackOptions {
  /** @default false */
  allowUnknown?: boolean;
  /** @default what AMD and PyTorch publish */
  tables?: Tables;
}

/**
 * Whether what a stack pins works on all of its nodes. Pure: a preview, `rocmark plan` and `pulumi up` print the same.
 *
 * ROCm's packages count only where `rocm` is pinned, since otherwise none are installed and a wheel brings its own. A
 * variant is held against the driver of the node's own set: a node has one driver.
 */
export function solveStack(
  request: StackRequest,
  nodes: readonly StackNode[],
  options: StackOptions = {},
): StackAnswer {
  const groups = groupByFacts(nodes).map((group) => ({
    ...group,
    environments: solveNode(request, group.facts ?? {}, options),
  }));
  const isSolved = groups.every(({ environments }) =>
    environments.every(({ solution }) => solution.kind === "solved"),
  );
  return { kind: isSolved ? "solved" : "refused", groups, message: explainStack(groups, isSolved) };
}

/** The solutions of every environment on one node. */
export function solveNode(
  { packages = [], variants = [], ...request }: StackRequest,
  node: NodeFacts,
  options: StackOptions = {},
): { name: string; solution: Solution }[] {
  const scope = request.rocm === undefined ? "wheel" : "host";
  const own = solve(request, node, { ...options, scope, packages });
  const driver = own.set?.driver ?? request.driver;
  const beside: SolveOptions = { ...options, scope: "wheel", fixed: ["driver"] };
  return [
    { name: "default", solution: own },
    ...variants.map(({ name, pytorch, python }, index) => ({
      name,
      solution: renameKeys(
        solve({ driver, pytorch, python: python ?? request.python }, node, beside),
        new Map([
          [pinKey("pytorch"), variantKey(index, "pytorch")],
          // Its ROCm is the one that its wheel brings.
          [pinKey("rocm"), variantKey(index, "pytorch")],
          [pinKey("python"), python === undefined ? pinKey("python") : variantKey(index, "python")],
        ]),
      ),
    })),
  ];
}

const variantKey = (index: number, axis: Axis): string => `rocmark:software.variants.${index}.${axis}`;

// A variant's pins stand under keys of their own; its findings name those.
function renameKeys(solution: Solution, names: ReadonlyMap<string, string>): Solution {
  const rename = (key: string) => names.get(key) ?? key;
  const inFindings = (findings: readonly Finding[]) =>
    findings.map((finding) => ({ ...finding, keys: [...new Set(finding.keys.map(rename))] }));
  const unknowns = inFindings(solution.unknowns);
  if (solution.kind === "solved") return { ...solution, findings: inFindings(solution.findings), unknowns };
  const nearest = solution.nearest && {
    ...solution.nearest,
    changes: solution.nearest.changes.map((change) => ({ ...change, key: rename(change.key) })),
  };
  return solution.kind === "unknown"
    ? { ...solution, unknowns, nearest }
    : { ...solution, broken: inFindings(solution.broken), unknowns, nearest };
}
