import { describe, expect, test } from "vitest";
import { compareArms, newestExperiment } from "../../benchmarks/comparison/compare.ts";
import type { RunRecord } from "../../benchmarks/record.ts";
import { createRandom } from "../../benchmarks/statistics/random.ts";
import { type RunSummary, summarise } from "../../benchmarks/store/summary.ts";
import { buildQuestions, buildRecord, buildTimings, withConfig } from "./recordBuilder.ts";

const summaries = (records: readonly RunRecord[]): RunSummary[] =>
  records.map((record) => summarise(record, `${record.id}.json`));
const settings = {
  baseline: "one-node",
  candidate: "two-nodes",
  factor: "nodes",
  accuracyMargin: 0.02,
  timingMargin: 0.02,
};
const compare = (records: readonly RunRecord[], args: Partial<typeof settings> = {}) =>
  compareArms(summaries(records), { ...settings, ...args });
const timingOf = (records: readonly RunRecord[]) => compare(records).experiments[0]?.timing;

const failed = (record: RunRecord): RunRecord => ({
  ...record,
  id: `${record.id}-failed`,
  outcome: "failed",
  error: { code: "E_TRAINER", message: "boom" },
  world: { ...record.world, transport: null, device: null },
  steps: null,
});

describe("timing", () => {
  test.each([
    ["faster", { candidateSeconds: 7 }],
    ["slower", { candidateSeconds: 13 }],
    ["equivalent", { noise: 0.001 }],
    ["no difference found", { noise: 0.1 }],
    ["not enough runs", { repeats: 4, candidateSeconds: 5 }],
  ])("%s", (verdict, args) => {
    expect(timingOf(buildTimings(args))?.verdict).toBe(verdict);
  });

  test("a slower candidate is a regression, a faster one is none", () => {
    expect(compare(buildTimings({ candidateSeconds: 13 })).regression).toBe(true);
    expect(compare(buildTimings({ candidateSeconds: 7 })).regression).toBe(false);
  });

  test("failed runs are counted beside the others and not timed", () => {
    const runs = buildTimings({ candidateSeconds: 7 });
    const found = timingOf([...runs, ...runs.slice(0, 2).map(failed)]);
    expect(found).toMatchObject({
      baseline: { numRuns: 6, numFailed: 1 },
      candidate: { numRuns: 6, numFailed: 1 },
      verdict: "faster",
    });
  });

  test("an arm whose runs all failed has no time", () => {
    const runs = buildTimings();
    const found = timingOf(runs.map((record) => (record.arm === "two-nodes" ? failed(record) : record)));
    expect(found).toMatchObject({
      candidate: { numRuns: 5, numFailed: 5, medianSeconds: null },
      ratio: null,
      verdict: "not enough runs",
    });
  });

  test("of 200 comparisons of an arm with itself, at most 5 % claim a difference", () => {
    const claims = Array.from(
      { length: 200 },
      (_, seed) => timingOf(buildTimings({ noise: 0.05, random: createRandom(seed) }))?.verdict,
    );
    expect(
      claims.filter((verdict) => verdict === "faster" || verdict === "slower").length,
    ).toBeLessThanOrEqual(10);
  });
});

describe("what must not be compared", () => {
  const differing = (edit: (record: RunRecord) => RunRecord, args: Partial<typeof settings> = {}) =>
    compare(
      buildTimings().map((record) => (record.arm === "two-nodes" ? edit(record) : record)),
      args,
    ).experiments[0];

  test.each<[string, unknown, string, string]>([
    ["training.effectiveBatch", 32, "16", "32"],
    ["training.microBatch", 8, "4", "8"],
    ["precision", "bf16", '"fp32"', '"bf16"'],
    ["lora.rank", 16, "8", "16"],
    ["lora.targets", ["q_proj"], '["q_proj","v_proj"]', '["q_proj"]'],
    ["model.name", "other", '"bundled"', '"other"'],
    ["data.trainSamples", null, "2000", "null"],
    ["recipe", "fast", '"walkthrough"', '"fast"'],
    ["a.key.of.later", 1, "nothing", "1"],
  ])("arms that differ in %s, unless it is the factor", (path, value, baseline, candidate) => {
    const nested = (record: RunRecord) =>
      path.startsWith("a.")
        ? { ...record, config: { ...record.config, a: { key: { of: { later: 1 } } } } }
        : withConfig(record, path, value);
    const found = differing(nested);
    expect(found?.differences).toEqual([{ path: `config.${path}`, baseline, candidate }]);
    expect(found?.timing).toBe(null);
    expect(differing(nested, { factor: `nodes,${path}` })?.differences).toEqual([]);
  });

  test("the effective batch that the ranks really had", () => {
    const found = differing((record) => ({ ...record, world: { ...record.world, effectiveBatch: 32 } }));
    expect(found?.differences).toEqual([{ path: "world.effectiveBatch", baseline: "16", candidate: "32" }]);
  });

  test("seeds", () => {
    expect(differing((record) => ({ ...record, seed: 43 }))?.differences).toEqual([
      { path: "seed", baseline: "42", candidate: "43" },
    ]);
  });

  test("software, which is a factor of its own", () => {
    const edit = (record: RunRecord) => ({
      ...record,
      fingerprints: record.fingerprints.map((one) => ({
        ...one,
        installed: { ...one.installed, torch: "2.12.0" },
      })),
    });
    expect(differing(edit)?.differences).toEqual([
      { path: "installed.torch", baseline: '"2.11.0"', candidate: '"2.12.0"' },
    ]);
    expect(differing(edit, { factor: "nodes,software" })?.differences).toEqual([]);
    expect(() => differing(edit, { factor: "sofware" })).toThrow(
      '--factor: wanted nodes, software, code or a key of the trainer\'s config such as lora.rank, found "sofware"',
    );
  });

  test("another trainer, by its bundle; commits alone do not count where a bundle is known", () => {
    const bundle = "b".repeat(64);
    expect(
      differing((record) => ({ ...record, code: { ...record.code, bundle } }))?.differences[0]?.path,
    ).toBe("code.bundle");
    expect(
      differing((record) => ({ ...record, code: { ...record.code, commit: "other", dirty: true } }))
        ?.differences,
    ).toEqual([]);
  });

  test("a node that changed between the arms; other nodes may be other machines", () => {
    const kernel = (node: string) => (record: RunRecord) => ({
      ...record,
      fingerprints: record.fingerprints.map((one) =>
        one.node === node ? { ...one, facts: { ...one.facts, cores: 4 } } : one,
      ),
    });
    expect(differing(kernel("node-0"))?.differences).toEqual([
      { path: "facts.node-0.cores", baseline: "2", candidate: "4" },
    ]);
    expect(differing(kernel("node-1"))?.differences).toEqual([]);
  });

  test("runs of before a setting changed are left out and counted, not pooled", () => {
    const old = buildTimings({ candidateSeconds: 30 }).map((record) => ({
      ...withConfig(record, "training.learningRate", 1),
      id: `old-${record.id}`,
      startedAt: "2026-11-23T00:00:00.000Z",
    }));
    const [found] = compare([...old, ...buildTimings({ candidateSeconds: 7 })]).experiments;
    expect(found).toMatchObject({
      differences: [],
      numOlder: { baseline: 5, candidate: 5 },
      timing: { verdict: "faster" },
    });
  });
});

describe("accuracy", () => {
  const evaluated = (arm: string, right: number, { numQuestions = 600, untuned = 150 } = {}) =>
    buildRecord({
      id: `run-${arm}`,
      arm,
      experiment: "first-look/accuracy",
      evaluation: {
        tuned: buildQuestions(numQuestions, right),
        untuned: buildQuestions(numQuestions, untuned),
      },
    });
  const accuracyOf = (right: number, candidate: number) =>
    compare([evaluated("one-node", right), evaluated("two-nodes", candidate)]).experiments[0];

  test.each([
    [580, 580, "equivalent"],
    [580, 576, "equivalent"],
    [580, 540, "less accurate"],
    [540, 580, "more accurate"],
    [400, 390, "less accurate"],
  ])("%d against %d of 600 is %s", (baseline, candidate, verdict) => {
    expect(accuracyOf(baseline, candidate)?.accuracy).toMatchObject({ verdict });
  });

  test("a loss of accuracy is a regression", () => {
    expect(compare([evaluated("one-node", 580), evaluated("two-nodes", 540)]).regression).toBe(true);
  });

  test("with few questions neither a difference nor equivalence is found", () => {
    const found = compare([
      evaluated("one-node", 15, { numQuestions: 20, untuned: 5 }),
      evaluated("two-nodes", 14, { numQuestions: 20, untuned: 5 }),
    ]).experiments[0];
    expect(found?.accuracy).toMatchObject({
      verdict: "no difference found",
      counts: { onlyBaseline: 1, onlyCandidate: 0 },
    });
  });

  test("other questions are not compared", () => {
    const [found] = compare([
      evaluated("one-node", 500),
      evaluated("two-nodes", 500, { numQuestions: 599 }),
    ]).experiments;
    expect(found?.accuracy).toBe("not comparable");
  });

  test("what was learned is tuned against untuned on the same questions, letters apart", () => {
    const [learning] = accuracyOf(580, 580)?.learning ?? [];
    expect(learning).toMatchObject({
      arm: "one-node",
      tuned: {
        numQuestions: 600,
        byLogProbability: { estimate: 580 / 600 },
        byLetter: { numUnparseable: 60 },
      },
      untuned: { byLogProbability: { estimate: 0.25 } },
      gain: { verdict: "more accurate", counts: { onlyBaseline: 0, onlyCandidate: 430 } },
    });
    // Every tenth letter is unparseable: never counted as right.
    expect(learning?.tuned.byLetter?.accuracy.estimate).toBe(522 / 600);
    expect(learning?.gain?.p).toBeLessThan(0.001);
  });
});

test("without a name, the newest experiment that both arms have runs of is compared", () => {
  const run = (experiment: string, arm: string, day: number) =>
    buildRecord({ id: `run-${day}`, experiment, arm, startedAt: `2026-11-0${day}T00:00:00.000Z` });
  const runs = summaries([
    run("old/timing", "one-node", 1),
    run("old/timing", "two-nodes", 2),
    run("newer/timing", "one-node", 3),
    run("newer/accuracy", "two-nodes", 4),
    run("newest/timing", "one-node", 5),
  ]);
  expect(newestExperiment(runs, ["one-node", "two-nodes"])).toBe("newer");
  expect(newestExperiment(runs, ["one-node", "three-nodes"])).toBe(null);
});
