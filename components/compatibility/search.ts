import { type Axis, axes, type Finding, type NodeFacts, type SoftwareSet } from "./request.ts";
import { askRules, rulesAt } from "./rules.ts";
import type { Tables } from "./tables.ts";

/** A set and what every rule says of it. */
export interface Judged {
  set: SoftwareSet;
  findings: readonly Finding[];
  /** Rules that are broken. */
  numBroken: number;
  /** Rules that nobody can answer, those left out that only wait for a fact of the node. */
  numUnknown: number;
}

/** The values that each part of a set may take. */
export type Domains = Record<Axis, readonly string[]>;

/** Which of two sets that are equally possible to take: a negative number for the first. Never 0 for two sets. */
export type Preference = (one: SoftwareSet, other: SoftwareSet) => number;

/**
 * The best set of all that the domains allow: fewest rules broken, then fewest unknown, then the preferred one.
 *
 * Depth first, one part after the other; a part that already breaks more than the best set so far is not gone into,
 * so that of some fifty thousand sets a few hundred are looked at. Null only when a domain is empty.
 */
export function best(
  domains: Domains,
  node: NodeFacts,
  tables: Tables,
  preference: Preference,
): Judged | null {
  const asked = new Map<string, Finding[]>();
  let winner: Judged | null = null;

  const ask = (axis: Axis, set: SoftwareSet): Finding[] => {
    const parts = axes.filter((part) => rulesAt[axis].some(({ reads }) => reads.includes(part)));
    const key = `${axis}|${parts.map((part) => set[part]).join("|")}`;
    const known = asked.get(key);
    if (known) return known;
    const findings = askRules(axis, set, node, tables);
    asked.set(key, findings);
    return findings;
  };

  const visit = (depth: number, set: SoftwareSet, findings: readonly Finding[]): void => {
    const numBroken = findings.filter(({ verdict }) => verdict === "broken").length;
    const numUnknown = findings.filter(
      ({ verdict, missingFact }) => verdict === "unknown" && !missingFact,
    ).length;
    if (winner !== null) {
      if (numBroken > winner.numBroken) return;
      if (numBroken === winner.numBroken && numUnknown > winner.numUnknown) return;
    }
    const axis = axes[depth];
    if (axis === undefined) {
      const judged = { set, findings, numBroken, numUnknown };
      if (winner === null || isBetter(judged, winner, preference)) winner = judged;
      return;
    }
    for (const value of domains[axis]) {
      const next = { ...set, [axis]: value };
      visit(depth + 1, next, [...findings, ...ask(axis, next)]);
    }
  };

  visit(0, { rocm: "", pytorch: "", driver: "", python: "" }, []);
  return winner;
}

function isBetter(one: Judged, other: Judged, preference: Preference): boolean {
  if (one.numBroken !== other.numBroken) return one.numBroken < other.numBroken;
  if (one.numUnknown !== other.numUnknown) return one.numUnknown < other.numUnknown;
  return preference(one.set, other.set) < 0;
}
