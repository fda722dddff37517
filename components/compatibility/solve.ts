import { domainsOf, parsePins } from "./domains.ts";
import { about } from "./findings.ts";
import { type Installation, toInstallation } from "./installation.ts";
import { nearest } from "./nearest.ts";
import { preferenceFor } from "./preference.ts";
import {
  type Axis,
  axes,
  type Finding,
  type Nearest,
  type NodeFacts,
  pinKey,
  type Scope,
  type SoftwareRequest,
  type SoftwareSet,
} from "./request.ts";
import { best, type Ground } from "./search.ts";
import { published, type Tables } from "./tables.ts";

/** What the matrix says of a request on a node. */
export type Solution =
  | {
      kind: "solved";
      set: SoftwareSet;
      scope: Scope;
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
      scope: Scope;
      /** Every rule that it breaks. */
      broken: readonly Finding[];
      unknowns: readonly Finding[];
      nearest: Nearest | null;
    }
  | {
      kind: "unknown";
      set: SoftwareSet;
      scope: Scope;
      unknowns: readonly Finding[];
      nearest: Nearest | null;
    };

export interface SolveOptions {
  /** Let a set pass of which some rules cannot be answered; they are listed with it. @default false */
  allowUnknown?: boolean;
  /** Whether the set's ROCm is installed on the node or only comes inside the wheel. @default "host" */
  scope?: Scope;
  /** ROCm packages to install beside those that verification needs. @default [] */
  packages?: readonly string[];
  /** Parts that the nearest set leaves as they are, though pinned by nobody: a node's one driver. @default [] */
  fixed?: readonly Axis[];
  /** The version matrix. @default what AMD and PyTorch publish, see tables.ts */
  tables?: Tables;
}

/**
 * A complete set of versions that fits a stack's pins and a node, or every rule that stands against it.
 *
 * Of several sets it takes the one with the fewest unknowns, then the driver that is loaded already, then the newest
 * ROCm, PyTorch and driver. The same request gives the same set, in whatever order the tables have their rows.
 */
export function solve(request: SoftwareRequest, node: NodeFacts, options: SolveOptions = {}): Solution {
  const { allowUnknown = false, scope = "host", packages = [], fixed = [], tables = published } = options;
  const ground: Ground = { node, tables, scope };
  const malformed = axes.flatMap((axis) => malformedPin(axis, request));
  if (malformed.length > 0) {
    const change = nearest(request, ground, fixed);
    return { kind: "impossible", set: null, scope, broken: malformed, unknowns: [], nearest: change };
  }
  const domains = domainsOf(request, tables, scope);
  const judged = best(domains, ground, preferenceFor(domains, node, tables));
  if (judged === null) throw new RangeError("The version matrix has an empty table.");
  const { set, findings } = judged;
  const broken = findings.filter(({ verdict }) => verdict === "broken");
  const unknowns = findings.filter(({ verdict }) => verdict === "unknown");
  if (broken.length > 0)
    return { kind: "impossible", set, scope, broken, unknowns, nearest: nearest(request, ground, fixed) };
  if (unknowns.length > 0 && !allowUnknown) {
    const isPinAtFault = unknowns.some(({ missingFact }) => !missingFact);
    return {
      kind: "unknown",
      set,
      scope,
      unknowns,
      nearest: isPinAtFault ? nearest(request, ground, fixed) : null,
    };
  }
  const installation = toInstallation(set, ground, packages);
  return { kind: "solved", set, scope, installation, findings, unknowns };
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
  return [about("form", [pinKey(axis)]).broken(forms[axis], `"${text}"`, "Write it in this form.")];
}
