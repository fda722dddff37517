import { allDomains, domainsOf, parsePins } from "./domains.ts";
import { about } from "./findings.ts";
import { type Installation, toInstallation } from "./installation.ts";
import { nearest } from "./nearest.ts";
import { preferenceFor } from "./preference.ts";
import type { SoftwareRequest, SoftwareSet } from "./request.ts";
import { type Axis, axes, type Finding, type Nearest, type NodeFacts, pinKey } from "./request.ts";
import { best } from "./search.ts";
import { published, type Tables } from "./tables.ts";

/** What the matrix says of a request on a node. */
export type Solution =
  | {
      kind: "solved";
      set: SoftwareSet;
      installation: Installation;
      /** Every rule's finding, all of which hold, but for those in {@link unknowns}. */
      findings: readonly Finding[];
      /** Empty unless unknowns were allowed. */
      unknowns: readonly Finding[];
    }
  | {
      kind: "impossible";
      /** The set of all allowed ones that breaks the fewest rules; null when a pin cannot be read. */
      set: SoftwareSet | null;
      /** Every rule that it breaks. */
      broken: readonly Finding[];
      unknowns: readonly Finding[];
      nearest: Nearest | null;
    }
  | {
      kind: "unknown";
      set: SoftwareSet;
      unknowns: readonly Finding[];
      nearest: Nearest | null;
    };

export interface SolveOptions {
  /** Let a set pass of which some rules cannot be answered; they are listed with it. @default false */
  allowUnknown?: boolean;
  /** The version matrix. @default what AMD and PyTorch publish, see tables.ts */
  tables?: Tables;
}

/**
 * A complete set of versions that fits a stack's pins and a node, or every rule that stands against it.
 *
 * Of several sets it takes the one with the fewest unknowns, then the driver that is loaded already, then the newest
 * ROCm, PyTorch and driver. The same request gives the same set, in whatever order the tables have their rows.
 */
export function solve(
  request: SoftwareRequest,
  node: NodeFacts,
  { allowUnknown = false, tables = published }: SolveOptions = {},
): Solution {
  const malformed = axes.flatMap((axis) => malformedPin(axis, request));
  if (malformed.length > 0) {
    return {
      kind: "impossible",
      set: null,
      broken: malformed,
      unknowns: [],
      nearest: nearest(request, node, tables),
    };
  }
  const judged = best(domainsOf(request, tables), node, tables, preferenceFor(node, tables));
  if (judged === null) throw new RangeError("The version matrix has an empty table.");
  const { set, findings } = judged;
  const broken = findings.filter(({ verdict }) => verdict === "broken");
  const unknowns = findings.filter(({ verdict }) => verdict === "unknown");
  if (broken.length > 0)
    return { kind: "impossible", set, broken, unknowns, nearest: nearest(request, node, tables) };
  if (unknowns.length > 0 && !allowUnknown)
    return { kind: "unknown", set, unknowns, nearest: nearest(request, node, tables) };
  return { kind: "solved", set, installation: toInstallation(set, node, tables), findings, unknowns };
}

const forms: Record<Axis, string> = {
  rocm: "a release such as 7.1.1",
  pytorch: "a version such as 2.10.0+rocm7.1",
  driver: "a release such as 30.20.1",
  python: "a version such as 3.12",
};

function malformedPin(axis: Axis, request: SoftwareRequest): Finding[] {
  const text = request[axis];
  if (text === undefined || parsePins(request)[axis] !== null) return [];
  const newest = allDomains(published)[axis][0] ?? "";
  return [about("form", [pinKey(axis)]).broken(forms[axis], `"${text}"`, `Write it like ${newest}.`)];
}
