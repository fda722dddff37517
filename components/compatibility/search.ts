import { type Axis, axes, type Finding, type NodeFacts, type Scope, type SoftwareSet } from "./request.ts";
import { askRule, type Rule, rulesAt } from "./rules.ts";
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

/** What sets are judged on. */
export interface Ground {
  node: NodeFacts;
  tables: Tables;
  scope: Scope;
}

/** The values that each part of a set may take. */
export type Domains = Record<Axis, readonly string[]>;

/** How good a set is among those that are equally possible: of the first numbers that differ, the smaller is better. */
export type Preference = (set: SoftwareSet) => readonly number[];

/** What a rule says of some parts of a set, counted. */
interface Asked {
  findings: readonly Finding[];
  numBroken: number;
  numUnknown: number;
}

interface Winner {
  set: SoftwareSet;
  score: readonly number[];
  steps: readonly Asked[];
  numBroken: number;
  numUnknown: number;
}

/**
 * The best set of all that the domains allow: fewest rules broken, then fewest unknown, then the preferred one.
 *
 * Depth first, one part after the other; a part that already breaks more than the best set so far is not gone into,
 * so that of some hundred thousand sets a few thousand are looked at. Null when a domain is empty, and when only sets
 * against which nothing stands are wanted and there is none.
 */
export function best(
  domains: Domains,
  { node, tables, scope }: Ground,
  preference: Preference,
  onlyFlawless = false,
): Judged | null {
  const asked = new Map<Rule, Map<string, Asked>>();
  let winner: Winner | null = null;

  // A rule that reads only the driver is asked once a driver, whatever the other parts are.
  const ask = (rule: Rule, set: SoftwareSet): Asked => {
    const key = rule.reads.map((part) => set[part]).join("|");
    const answers = asked.get(rule) ?? new Map<string, Asked>();
    asked.set(rule, answers);
    const answer = answers.get(key) ?? count(askRule(rule, set, node, tables, scope));
    answers.set(key, answer);
    return answer;
  };

  // What a part breaks by itself it breaks in every set.
  const values = (axis: Axis): readonly string[] => {
    if (!onlyFlawless) return domains[axis];
    const alone = rulesAt[axis].filter(({ reads }) => reads.length === 1);
    return domains[axis].filter((value) =>
      alone.every((rule) => isFlawless(ask(rule, { ...nothingChosen, [axis]: value }))),
    );
  };
  const left = {
    rocm: values("rocm"),
    pytorch: values("pytorch"),
    driver: values("driver"),
    python: values("python"),
  };

  if (axes.some((axis) => left[axis].length === 0)) return null;

  const visit = (
    depth: number,
    set: SoftwareSet,
    steps: readonly Asked[],
    broken: number,
    unknown: number,
  ) => {
    if (onlyFlawless && broken + unknown > 0) return;
    if (winner !== null) {
      if (broken > winner.numBroken) return;
      if (broken === winner.numBroken && unknown > winner.numUnknown) return;
    }
    const axis = axes[depth];
    if (axis === undefined) {
      const score = preference(set);
      const isBetter =
        winner === null ||
        broken < winner.numBroken ||
        unknown < winner.numUnknown ||
        comesBefore(score, winner.score);
      if (isBetter) winner = { set, score, steps, numBroken: broken, numUnknown: unknown };
      return;
    }
    const open = left[axis].map((value) => {
      const next = { ...set, [axis]: value };
      const answers = rulesAt[axis].map((rule) => ask(rule, next));
      return {
        next,
        answers,
        broken: answers.reduce((sum, { numBroken }) => sum + numBroken, broken),
        unknown: answers.reduce((sum, { numUnknown }) => sum + numUnknown, unknown),
      };
    });
    // The most promising first, so that the rest can be left out early; the order decides nothing else.
    open.sort((a, b) => a.broken - b.broken || a.unknown - b.unknown);
    for (const { next, answers, broken, unknown } of open) {
      visit(depth + 1, next, [...steps, ...answers], broken, unknown);
    }
  };

  visit(0, nothingChosen, [], 0, 0);
  return toJudged(winner);
}

const nothingChosen: SoftwareSet = { rocm: "", pytorch: "", driver: "", python: "" };

const isFlawless = ({ numBroken, numUnknown }: Asked): boolean => numBroken + numUnknown === 0;

function comesBefore(one: readonly number[], other: readonly number[]): boolean {
  for (let index = 0; index < one.length; index++) {
    const order = (one[index] ?? 0) - (other[index] ?? 0);
    if (order !== 0) return order < 0;
  }
  return false;
}

function toJudged(winner: Winner | null): Judged | null {
  if (winner === null) return null;
  const { set, steps, numBroken, numUnknown } = winner;
  return { set, findings: steps.flatMap(({ findings }) => findings), numBroken, numUnknown };
}

function count(findings: readonly Finding[]): Asked {
  return {
    findings,
    numBroken: findings.filter(({ verdict }) => verdict === "broken").length,
    numUnknown: findings.filter(({ verdict, missingFact }) => verdict === "unknown" && !missingFact).length,
  };
}
