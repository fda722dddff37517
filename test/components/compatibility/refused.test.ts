import { describe, expect, test } from "vitest";
import type { Finding, SoftwareRequest } from "../../../components/compatibility/request.ts";
import { type Solution, solve } from "../../../components/compatibility/solve.ts";
import { sources } from "../../../components/compatibility/sources.ts";
import { mi300x } from "./nodes.ts";
import type { Refusal } from "./refusal.ts";
import { refusedBuilds } from "./refusedBuilds.ts";
import { refusedNodes } from "./refusedNodes.ts";
import { refusedVersions } from "./refusedVersions.ts";

// As a stack is asked: ROCm's packages count only where ROCm is pinned.
const ask = ({ request, node }: Refusal): Exclude<Solution, { kind: "solved" }> => {
  const solution = solve(request, { ...mi300x, ...node }, { scope: request.rocm ? "host" : "wheel" });
  if (solution.kind === "solved") throw new Error(`solved: ${JSON.stringify(solution.set)}`);
  return solution;
};

const findings = (solution: Exclude<Solution, { kind: "solved" }>): readonly Finding[] =>
  solution.kind === "impossible" ? [...solution.broken, ...solution.unknowns] : solution.unknowns;

const changes = ({ nearest }: Exclude<Solution, { kind: "solved" }>): SoftwareRequest | null =>
  nearest &&
  Object.fromEntries(nearest.changes.map(({ key, to }) => [key.replace("rocmark:software.", ""), to]));

const refusals = [...refusedBuilds, ...refusedVersions, ...refusedNodes];

describe.each(refusals.map((refusal) => [refusal.title, sources[refusal.source].title, refusal] as const))(
  "%s (%s)",
  (_title, _source, refusal) => {
    test(`is ${refusal.verdict === "broken" ? "impossible" : "unknown"} by the rule "${refusal.rule}", with its keys and its source`, () => {
      const solution = ask(refusal);
      if (refusal.verdict === "broken") expect(solution.kind).toBe("impossible");
      const finding = findings(solution).find(({ rule }) => rule === refusal.rule);
      expect(finding).toMatchObject({ verdict: refusal.verdict, keys: refusal.keys });
      expect(finding?.sources).toContain(refusal.source);
      expect(finding?.next).not.toBe("");
    });

    test("the nearest set changes exactly these pins", () => {
      expect(changes(ask(refusal))).toEqual(refusal.nearest);
    });
  },
);
