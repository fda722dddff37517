import fc from "fast-check";
import { expect, test } from "vitest";
import { domainsOf } from "../../../components/compatibility/domains.ts";
import { preferenceFor } from "../../../components/compatibility/preference.ts";
import { axes, type SoftwareSet } from "../../../components/compatibility/request.ts";
import { check } from "../../../components/compatibility/rules.ts";
import { best, type Domains, type Ground } from "../../../components/compatibility/search.ts";
import { solve } from "../../../components/compatibility/solve.ts";
import { published, type Tables } from "../../../components/compatibility/tables.ts";
import { anyNode, fullNode, request, scope, withLess } from "./arbitraryNodes.ts";
import { shuffled, smallTables } from "./arbitraryTables.ts";

const runs = (numRuns: number) => ({ numRuns, seed: 11 });
const tables = fc.oneof(
  { weight: 8, arbitrary: smallTables },
  { weight: 1, arbitrary: fc.constant(published) },
);

function* product(domains: Domains): Generator<SoftwareSet> {
  for (const rocm of domains.rocm)
    for (const pytorch of domains.pytorch)
      for (const driver of domains.driver)
        for (const python of domains.python) yield { rocm, pytorch, driver, python };
}

const judge = (set: SoftwareSet, { node, tables, scope }: Ground): [number, number] => {
  const findings = check(set, node, tables, scope);
  return [
    findings.filter(({ verdict }) => verdict === "broken").length,
    findings.filter(({ verdict, missingFact }) => verdict === "unknown" && !missingFact).length,
  ];
};

const compare = (one: readonly number[], other: readonly number[]): number => {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
};

test("the search finds what looking at every set finds", () => {
  fc.assert(
    fc.property(smallTables, request, anyNode, scope, (tables, request, node, scope) => {
      const ground = { node, tables, scope };
      const domains = domainsOf(request, tables, scope);
      const score = preferenceFor(domains, node, tables);
      const all = [...product(domains)].map((set) => ({
        set,
        score: [...judge(set, ground), ...score(set)],
      }));
      const [first] = all.toSorted((one, other) => compare(one.score, other.score));
      const found = best(domains, ground, score);
      expect(found?.set).toEqual(first?.set);
      expect([found?.numBroken, found?.numUnknown]).toEqual(first?.score.slice(0, 2));
    }),
    runs(300),
  );
});

test("the order of rows changes nothing", () => {
  const sameRows = tables.chain((tables) => fc.tuple(fc.constant(tables), shuffled(tables)));
  fc.assert(
    fc.property(sameRows, request, anyNode, scope, ([one, other], request, node, scope) => {
      expect(solve(request, node, { tables: other, scope })).toEqual(
        solve(request, node, { tables: one, scope }),
      );
    }),
    runs(200),
  );
});

test("every rule of a solved set holds, and with unknowns allowed none is broken", () => {
  fc.assert(
    fc.property(
      tables,
      request,
      anyNode,
      scope,
      fc.boolean(),
      (tables, request, node, scope, allowUnknown) => {
        const solution = solve(request, node, { tables, scope, allowUnknown });
        if (solution.kind !== "solved") return;
        const findings = check(solution.set, node, tables, scope);
        expect(solution.findings).toEqual(findings);
        expect(findings.filter(({ verdict }) => verdict === "broken")).toEqual([]);
        expect(findings.filter(({ verdict }) => verdict === "unknown")).toEqual(solution.unknowns);
        if (!allowUnknown) expect(solution.unknowns).toEqual([]);
      },
    ),
    runs(250),
  );
});

test("the nearest set really works, and changes the pins that it lists and no other", () => {
  fc.assert(
    fc.property(tables, request, fullNode, scope, (tables, request, node, scope) => {
      const solution = solve(request, node, { tables, scope });
      if (solution.kind === "solved" || solution.nearest === null) return;
      const { nearest } = solution;
      const changed = new Map(
        nearest.changes.map(({ key, to }) => [key.replace("rocmark:software.", ""), to]),
      );
      expect(changed.size).toBeGreaterThan(0);
      for (const axis of axes) {
        expect(nearest.request[axis]).toBe(changed.get(axis) ?? request[axis]);
        if (changed.has(axis)) expect(changed.get(axis)).not.toBe(request[axis]);
      }
      expect(solve(nearest.request, node, { tables, scope }).kind).toBe("solved");
    }),
    runs(250),
  );
});

test("no set works with fewer pins changed than the nearest", () => {
  fc.assert(
    fc.property(smallTables, request, fullNode, (tables, request, node) => {
      const solution = solve(request, node, { tables });
      if (solution.kind === "solved") return;
      const pinned = axes.filter((axis) => request[axis] !== undefined);
      // Leaving pins open is the same as changing them to whatever works.
      const works = (open: readonly string[]) => {
        const rest = Object.fromEntries(
          pinned.filter((axis) => !open.includes(axis)).map((axis) => [axis, request[axis]]),
        );
        return solve(rest, node, { tables }).kind === "solved";
      };
      const opened = subsets(pinned)
        .filter(works)
        .map((open) => open.length);
      const fewest = opened.length > 0 ? Math.min(...opened) : undefined;
      expect(solution.nearest?.changes.length).toBe(fewest);
    }),
    runs(150),
  );
});

const subsets = <T>(list: readonly T[]): T[][] =>
  Array.from({ length: 2 ** list.length }, (_, bits) => list.filter((_, at) => bits & (1 << at)));

test("what holds of a node of which less is known holds when all of it is known", () => {
  const node = fullNode.chain((full) => fc.tuple(fc.constant(full), withLess(full)));
  fc.assert(
    fc.property(tables, request, node, scope, (tables, request, [full, less], scope) => {
      const solution = solve(request, less, { tables, scope });
      if (solution.kind !== "solved") return;
      const against = check(solution.set, full, tables, scope).filter(({ verdict }) => verdict !== "holds");
      expect(against).toEqual([]);
    }),
    runs(700),
  );
});

test("a release that a request has nothing to do with changes nothing for it", () => {
  const grown = tables.map((tables) => [tables, withUnrelated(tables)] as const);
  const full = fc.record({
    driver: fc.constantFrom("30.10.0", "6.4.0", "31.0.0"),
    rocm: fc.constantFrom("7.1.0", "6.4.0", "9.9.9"),
    pytorch: fc.constantFrom("2.10.0+rocm7.1", "2.9.0+rocm6.4", "2.11.0+rocm7.1"),
    python: fc.constantFrom("3.12", "3.13", "3.9"),
  });
  fc.assert(
    fc.property(grown, full, anyNode, scope, ([before, after], request, node, scope) => {
      expect(verdicts(solve(request, node, { tables: after, scope }))).toEqual(
        verdicts(solve(request, node, { tables: before, scope })),
      );
    }),
    runs(200),
  );
});

// All that a solution says but advice, which may name the new release, and the documents that lack a release.
const verdicts = (solution: ReturnType<typeof solve>) => {
  const { nearest: _, ...rest } = { nearest: null, ...solution };
  return JSON.parse(
    JSON.stringify(rest, (key, value) => (key === "sources" || key === "next" ? undefined : value)),
  );
};

const source = "driverPool";
const withUnrelated = (tables: Tables): Tables => ({
  ...tables,
  drivers: [
    ...tables.drivers,
    { release: "99.0.0", shippedWith: "99.0.0", module: "99.1.1", build: 1, source, moduleSource: source },
  ],
  driverWindows: [...tables.driverWindows, { driver: "99.0", rocm: ["99.0"], source }],
  driverUbuntu: [...tables.driverUbuntu, { drivers: ["99.0.0"], ubuntu: ["99.04"], source }],
  rocm: [...tables.rocm, { release: "99.0.0", ubuntu: ["99.04"], targets: ["gfx942"], hip: null, source }],
  ubuntuKernels: [...tables.ubuntuKernels, { ubuntu: "99.04", series: ["99.1"], source }],
  torchReleases: [
    ...tables.torchReleases,
    { minor: "99.0", python: ["3.10", "3.10"], experimental: null, rocm: "99.0", source },
  ],
  wheels: [...tables.wheels, { torch: "99.0.0", rocm: "99.0", standing: "documented", source }],
  wheelTargets: [...tables.wheelTargets, { major: "99", targets: ["gfx942"], source }],
});
