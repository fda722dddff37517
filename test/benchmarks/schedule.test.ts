import { rmSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Arm, parseExperiment, type Scenario } from "../../benchmarks/experiment.ts";
import { scheduleRuns } from "../../benchmarks/schedule.ts";
import { localExperiment, temporaryDirectory } from "./executors/localNodes.ts";

const arms = (count: number): Arm[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `arm-${i}`,
    nodes: ["node-0"],
    recipe: "walkthrough",
    variant: "default",
  }));
const scenarios = (repeats: number[]): Scenario[] =>
  repeats.map((repeats, i) => ({
    name: "finetune",
    label: `label-${i}`,
    repeats,
    timeoutSeconds: 1,
    config: {},
  }));

const experiment = fc.record({
  arms: fc.integer({ min: 1, max: 5 }).map(arms),
  scenarios: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }).map(scenarios),
  seed: fc.integer(),
});
const names = (runs: ReturnType<typeof scheduleRuns>) =>
  runs.map(({ arm, scenario, repeat }) => `${arm.name} ${scenario.label} ${repeat}`);

describe("a schedule", () => {
  test("has every repeat of every scenario for every arm, once", () => {
    fc.assert(
      fc.property(experiment, (given) => {
        const wanted = given.arms.flatMap(({ name }) =>
          given.scenarios.flatMap(({ label, repeats }) =>
            Array.from({ length: repeats }, (_, repeat) => `${name} ${label} ${repeat}`),
          ),
        );
        expect(names(scheduleRuns(given)).sort()).toEqual(wanted.sort());
      }),
    );
  });

  test("puts all arms of one scenario and repeat next to each other, repeats in order", () => {
    fc.assert(
      fc.property(experiment, (given) => {
        const runs = scheduleRuns(given);
        const size = given.arms.length;
        for (let i = 0; i < runs.length; i += size) {
          const block = runs.slice(i, i + size);
          expect(new Set(block.map(({ arm }) => arm.name)).size).toBe(size);
          expect(new Set(block.map(({ scenario, repeat }) => `${scenario.label} ${repeat}`)).size).toBe(1);
        }
        const repeats = runs.map(({ repeat }) => repeat);
        expect(repeats).toEqual(repeats.toSorted((a, b) => a - b));
      }),
    );
  });

  test("runs the arms of an odd repeat in the reverse order of the one before: ABBA", () => {
    fc.assert(
      fc.property(experiment, (given) => {
        const runs = scheduleRuns({ ...given, scenarios: scenarios([6]) });
        const order = (repeat: number) =>
          runs.filter((run) => run.repeat === repeat).map(({ arm }) => arm.name);
        for (const repeat of [1, 3, 5]) expect(order(repeat)).toEqual(order(repeat - 1).reverse());
      }),
    );
  });

  test("is the same for the same seed, and seeds do give other orders", () => {
    const given = { arms: arms(3), scenarios: scenarios([5]) };
    expect(names(scheduleRuns({ ...given, seed: 7 }))).toEqual(names(scheduleRuns({ ...given, seed: 7 })));
    expect(
      new Set([1, 2, 3, 4, 5].map((seed) => names(scheduleRuns({ ...given, seed })).join())).size,
    ).toBeGreaterThan(1);
  });
});

describe("an experiment is refused by its key", () => {
  const directory = temporaryDirectory();
  const valid = localExperiment(directory);
  rmSync(directory, { recursive: true });
  const edited = (edit: (experiment: typeof valid) => void) => {
    const copy = structuredClone(valid);
    edit(copy);
    return JSON.stringify(copy);
  };
  const [first, second] = [valid.arms[0], valid.arms[1]] as [Arm, Arm];

  test.each([
    ["no JSON", "{", "Experiment from spec.json: the document: wanted one JSON document, found other text."],
    ["nothing", "", "found nothing"],
    ["an unknown key", JSON.stringify({ ...valid, armz: [] }), 'Unrecognized key: "armz"'],
    ["an arm twice", edited((one) => one.arms.push(first)), 'arms: "one-node" is there twice'],
    [
      "a node twice",
      edited((one) => one.nodes.push(one.nodes[0] as never)),
      'nodes: "node-0" is there twice',
    ],
    [
      "a node that is not there",
      edited((one) => one.arms.splice(1, 1, { ...second, nodes: ["node-9"] })),
      'arms.1.nodes: arm "two-nodes" wants node "node-9"; there are node-0, node-1',
    ],
    [
      "a scenario that decides what is not its own",
      edited((one) => Object.assign(one.scenarios[0]?.config as object, { world: {} })),
      "scenarios.0.config.world: is decided by the experiment",
    ],
    [
      "a variant that its node has no environment of",
      edited((one) => {
        const { python, fingerprint } = one.nodes[0] as (typeof one.nodes)[number];
        Object.assign(one.nodes[0] as object, { environments: { default: { python, fingerprint } } });
        Object.assign(one.arms[0] as object, { variant: "rocm64" });
      }),
      'arms.0.variant: arm "one-node" wants the environment "rocm64"; node "node-0" has default',
    ],
    [
      "a relative root",
      edited((one) => Object.assign(one.nodes[0] as object, { root: "root" })),
      "nodes.0.root: an absolute path",
    ],
    [
      "a root that climbs",
      edited((one) => Object.assign(one.nodes[0] as object, { root: "/a/../b" })),
      "nodes.0.root: a path without ..",
    ],
    [
      "no repeat",
      edited((one) => Object.assign(one.scenarios[0] as object, { repeats: 0 })),
      "scenarios.0.repeats",
    ],
    ["a name that is a path", edited((one) => Object.assign(one, { name: "../x" })), "name"],
  ])("%s", (_, text, message) => {
    expect(() => parseExperiment(text, "spec.json")).toThrow(message);
    expect(() => parseExperiment(text, "spec.json")).toThrow(
      expect.objectContaining({ code: "E_SPEC", exitCode: 2 }),
    );
  });
});
