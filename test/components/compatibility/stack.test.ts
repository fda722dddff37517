import fc from "fast-check";
import { expect, test } from "vitest";
import type { StackNode } from "../../../components/compatibility/groups.ts";
import type { NodeFacts } from "../../../components/compatibility/request.ts";
import { sources } from "../../../components/compatibility/sources.ts";
import { type StackRequest, solveNode, solveStack } from "../../../components/compatibility/stack.ts";
import { anyNode, request as anyRequest } from "./arbitraryNodes.ts";
import { smallTables } from "./arbitraryTables.ts";
import { gpu, mi300x, noble4, on } from "./nodes.ts";

const with711: StackRequest = { driver: "30.20.1", rocm: "7.1.1", pytorch: "2.10.0+rocm7.1" };
const node = (name: string, facts: Partial<NodeFacts> | null = {}): StackNode => ({
  name,
  facts: facts && { ...mi300x, ...facts },
});
const fleet = [node("a1"), node("b1", gpu("AMD Instinct MI355X")), node("a2")];

test("nodes with equal facts are one group, in the order in which each kind comes first", () => {
  const { kind, groups } = solveStack(with711, fleet);
  expect(kind).toBe("solved");
  expect(groups.map(({ nodes }) => nodes)).toEqual([["a1", "a2"], ["b1"]]);
});

test("facts that no rule reads, and the order of the GPUs, part no nodes", () => {
  const one = { ...mi300x, gpus: ["gfx942", "gfx90a"], memoryGiB: 512 };
  const other = { ...mi300x, gpus: ["gfx90a", "gfx942"], memoryGiB: 1024 };
  const { groups } = solveStack(with711, [
    { name: "one", facts: one },
    { name: "other", facts: other },
  ]);
  expect(groups.map(({ nodes }) => nodes)).toEqual([["one", "other"]]);
});

test("the message of a solved stack names every node and its set", () => {
  const { message } = solveStack(with711, fleet);
  expect(message).toMatch(/^What the stack pins of its software fits all of its 3 nodes:$/m);
  expect(message).toMatch(/^a1, a2 \(Ubuntu 24\.04\.3, kernel 6\.8\.0-60-generic, AMD Instinct MI300X\):$/m);
  expect(message).toMatch(/^b1 \(Ubuntu 24\.04\.3, kernel 6\.8\.0-60-generic, AMD Instinct MI355X\):$/m);
  expect(message.match(/torch 2\.10\.0\+rocm7\.1, Python 3\.12: every rule holds/g)).toHaveLength(2);
});

test("one node that does not fit refuses the stack, and every node is named with all that stands against it", () => {
  const nodes = [
    node("good"),
    node("kernel", on("6.17.0-14-generic")),
    node("radeon", { ...gpu("AMD Radeon RX 6900 XT"), ...on("6.14.0-29-generic") }),
    node("later", noble4),
    node("unread", null),
  ];
  const { kind, groups, message } = solveStack(with711, nodes);
  expect(kind).toBe("refused");
  expect(groups.map(({ environments }) => environments[0]?.solution.kind)).toEqual([
    "solved",
    "impossible",
    "unknown",
    "unknown",
    "unknown",
  ]);
  expect(message).toMatch(/nothing was touched/);
  for (const { name } of nodes) expect(message).toMatch(new RegExp(`^${name} \\(`, "m"));
  for (const { environments } of groups)
    for (const { solution } of environments) {
      if (solution.kind === "solved") continue;
      const against = [...("broken" in solution ? solution.broken : []), ...solution.unknowns];
      expect(against.length).toBeGreaterThan(0);
      for (const { rule, keys, found, sources: cited } of against) {
        expect(message).toContain(`${rule} (${keys.join(", ")})`);
        expect(message).toContain(found);
        for (const key of cited) expect(message).toContain(sources[key].url);
      }
      for (const { key, from, to } of solution.nearest?.changes ?? [])
        expect(message).toContain(`${key} from ${from} to ${to}`);
    }
});

test("a node that nobody has read is refused, and its facts are asked for by the stack's key", () => {
  const { kind, message } = solveStack(with711, [node("unread", null)]);
  expect(kind).toBe("refused");
  expect(message).toMatch(
    /^unread \(not read yet\):\n {2}Say what you know of it under facts of its host in rocmark:nodes\.hosts\.$/m,
  );
});

test("with unknowns allowed the same stack goes on, and the message lists them", () => {
  const { kind, message } = solveStack(with711, [node("later", noble4)], { allowUnknown: true });
  expect(kind).toBe("solved");
  expect(message).toContain("allowed, with 1 rule not answered");
});

test("variants are solved on the one driver of the node's own set, without ROCm's packages", () => {
  const variants = [
    { name: "newer", pytorch: "2.11.0+rocm7.2" },
    { name: "older", pytorch: "2.9.1+rocm6.4", python: "3.11" },
  ];
  const { kind, groups, message } = solveStack({ rocm: "7.1.1", variants, python: "3.12" }, [node("a")]);
  expect(kind).toBe("solved");
  const environments = groups[0]?.environments.map(({ name, solution }) => ({
    name,
    set: solution.set,
    packages: solution.kind === "solved" ? solution.installation.packages.length : null,
  }));
  expect(environments).toMatchObject([
    { name: "default", set: { driver: "30.20.1", rocm: "7.1.1", python: "3.12" }, packages: 3 },
    { name: "newer", set: { driver: "30.20.1", pytorch: "2.11.0+rocm7.2", python: "3.12" }, packages: 1 },
    { name: "older", set: { driver: "30.20.1", pytorch: "2.9.1+rocm6.4", python: "3.11" }, packages: 1 },
  ]);
  expect(message).toContain('variant "newer":');
  expect(message).toContain('variant "older":');
});

test("what stands against a variant names the variant's key, and the nearest set leaves the node's driver alone", () => {
  const variants = [
    { name: "fine", pytorch: "2.10.0+rocm7.1" },
    { name: "old", pytorch: "2.4.1+rocm6.1" },
  ];
  const { groups, message } = solveStack({ ...with711, variants }, [node("a")]);
  const old = groups[0]?.environments[2]?.solution;
  if (old === undefined || old.kind === "solved") throw new Error("solved");
  const against = [...("broken" in old ? old.broken : []), ...old.unknowns];
  expect(against.flatMap(({ keys }) => keys)).toContain("rocmark:software.variants.1.pytorch");
  expect(against.flatMap(({ keys }) => keys)).not.toContain("rocmark:software.rocm");
  expect(old.nearest?.changes.map(({ key }) => key)).toEqual(["rocmark:software.variants.1.pytorch"]);
  expect(message).toContain("rocmark:software.variants.1.pytorch from 2.4.1+rocm6.1 to ");
});

test("a rule that stands against every environment of a node is said once", () => {
  const variants = [{ name: "same", pytorch: "2.10.0+rocm7.1" }];
  const { message } = solveStack({ ...with711, variants }, [node("a", { secureBoot: "enforcing" })]);
  expect(message.match(/secure boot \(/g)).toHaveLength(1);
  expect(message).toContain('variant "same":\n    the same rules as above.');
});

test("a stack without nodes has nothing against it", () => {
  expect(solveStack(with711, [])).toMatchObject({ kind: "solved", groups: [] });
});

test("every node gets the answer that it gets alone", () => {
  const nodes = fc.array(anyNode, { minLength: 1, maxLength: 5 });
  const many = fc.record({ allowUnknown: fc.boolean(), tables: smallTables });
  fc.assert(
    fc.property(anyRequest, nodes, many, (request, facts, options) => {
      const stack = facts.map((facts, index) => ({ name: `n${index}`, facts }));
      const { kind, groups } = solveStack(request, stack, options);
      expect(groups.flatMap(({ nodes }) => nodes).toSorted()).toEqual(stack.map(({ name }) => name));
      const alone = stack.map(({ facts }) => solveNode(request, facts, options));
      for (const [index, environments] of alone.entries())
        expect(groups.find(({ nodes }) => nodes.includes(`n${index}`))?.environments).toEqual(environments);
      const isSolved = alone.flat().every(({ solution }) => solution.kind === "solved");
      expect(kind).toBe(isSolved ? "solved" : "refused");
    }),
    { numRuns: 100, seed: 12 },
  );
});
