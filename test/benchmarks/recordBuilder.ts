import { createHash } from "node:crypto";
import type { Efficiency, Question, RunRecord } from "../../benchmarks/record.ts";
import { createRandom, drawNormal, type Random } from "../../benchmarks/statistics/random.ts";

const digest = (text: string) => createHash("sha256").update(text).digest("hex");

/** A valid record of a fine-tune on one node; give what matters to the test. */
export function buildRecord(
  parts: Partial<RunRecord> & { trainSeconds?: number; stepSeconds?: number[] } = {},
): RunRecord {
  const { trainSeconds = 10, stepSeconds = [0.5, 0.4, 0.6], ...given } = parts;
  const id = given.id ?? "20261124T000000-00000001";
  const arm = given.arm ?? "one-node";
  const experiment = given.experiment ?? "first-look/timing";
  const nodes = given.world?.nodes ?? (arm === "two-nodes" ? ["node-0", "node-1"] : ["node-0"]);
  const repeat = given.repeat ?? 0;
  const seed = given.seed ?? 42;
  const fingerprints = nodes.map((node) => ({
    node,
    digest: digest(node),
    facts: { system: "Linux", cores: 2, accelerator: "cpu", memoryGiB: 8 },
    installed: { torch: "2.11.0", peft: "0.21.2", python: "3.11.7", device: "Some CPU", threads: 1 },
  }));
  const code = { version: "0.1.0", commit: "c0ffee", dirty: false, bundle: digest("bundle") };
  const config = {
    schema: 1,
    run: { id, stack: "local", experiment, arm, scenario: "finetune", repeat },
    code,
    fingerprints,
    recipe: "walkthrough",
    model: { name: "bundled", revision: null },
    data: { name: "bundled", revision: null, trainSamples: 2000, validationSamples: 600 },
    precision: "fp32",
    device: "auto",
    threads: 1,
    lora: { rank: 8, alpha: 16, dropout: 0.05, targets: ["q_proj", "v_proj"] },
    training: { epochs: 2, microBatch: 4, effectiveBatch: 16, learningRate: 2e-4, maxSteps: null },
    evaluation: { untuned: true, tuned: true, letters: true, batch: 64 },
    world: { nodes, ranksPerNode: 1, transport: "auto", timeoutSeconds: 300 },
    seed,
  };
  return {
    schema: 1,
    id,
    startedAt: "2026-11-24T00:00:00.000Z",
    stack: "local",
    experiment,
    arm,
    scenario: "finetune",
    repeat,
    outcome: "ok",
    error: null,
    config,
    seed,
    fingerprints,
    code,
    world: {
      nodes,
      ranks: nodes.length,
      effectiveBatch: 16,
      transport: nodes.length > 1 ? "gloo" : "none",
      device: "cpu",
    },
    phases: { import: 2, load: 1, tokenise: 0.5, train: trainSeconds, save: 0.1, total: trainSeconds + 4 },
    steps: {
      seconds: stepSeconds,
      tokens: stepSeconds.map(() => 1000),
      targetTokens: stepSeconds.map(() => 100),
      loss: stepSeconds.map((_, i) => 2 - i / 10),
      gradientNorm: stepSeconds.map(() => 1),
      skipped: stepSeconds.map(() => false),
    },
    memory: { predictedGiB: null, peakAllocatedGiB: null, peakReservedGiB: null, peakResidentGiB: 1.25 },
    evaluation: null,
    adapter: null,
    efficiency: null,
    compileCache: null,
    resumedFrom: null,
    ...given,
  };
}

/** What the trainer found about a run's efficiency: an H100's ceilings, and a device that mostly waits. */
export function buildEfficiency(
  parts: Partial<Omit<Efficiency, "shares" | "ceilings">> & {
    shares?: Partial<Efficiency["shares"]>;
    ceilings?: Partial<Efficiency["ceilings"]>;
  } = {},
): Efficiency {
  const { shares, ceilings, ...given } = parts;
  return {
    usefulTflopPerStep: 20,
    bytesPerStep: 8e10,
    achievedTflops: 16,
    ceilingShare: 0.02,
    profiledSteps: 3,
    passTokens: 800,
    ...given,
    ceilings: { matmulTflops: 800, copyGBs: 2500, precision: "fp16", size: 8192, ...ceilings },
    shares: {
      busy: 0.125,
      matmul: 0.05,
      attention: 0.005,
      memory: 0.07,
      communication: 0,
      input: 0,
      launch: 0.875,
      ...shares,
    },
  };
}

/** The same record with another config value, `path` being for example "training.learningRate". */
export function withConfig(record: RunRecord, path: string, value: unknown): RunRecord {
  const config = structuredClone(record.config);
  const keys = path.split(".");
  let at = config as Record<string, unknown>;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1) as string] = value;
  return { ...record, config };
}

/** Questions of which the first `numRight` are answered rightly; letters go with them, one in ten unparseable. */
export function buildQuestions(numQuestions: number, numRight: number): Question[] {
  return Array.from({ length: numQuestions }, (_, i) => {
    const gold = i % 4;
    const predicted = i < numRight ? gold : (gold + 1) % 4;
    return {
      id: `q${String(i).padStart(5, "0")}`,
      subject: `subject ${i % 12}`,
      gold,
      predicted,
      logProbabilities: [-1, -2, -3, -4],
      letter: i % 10 === 9 ? null : predicted,
    };
  });
}

/** Timing runs of both arms in interleaved order, with lognormal noise of the given coefficient of variation. */
export function buildTimings({
  repeats = 5,
  baselineSeconds = 10,
  candidateSeconds = 10,
  noise = 0.02,
  random = createRandom(1),
}: {
  repeats?: number;
  baselineSeconds?: number;
  candidateSeconds?: number;
  noise?: number;
  random?: Random;
} = {}): RunRecord[] {
  return Array.from({ length: repeats }).flatMap((_, repeat) =>
    (
      [
        ["one-node", baselineSeconds],
        ["two-nodes", candidateSeconds],
      ] as const
    ).map(([arm, middle], i) =>
      buildRecord({
        id: `20261124T0000${String(repeat).padStart(2, "0")}-${String(i).padStart(8, "0")}`,
        startedAt: `2026-11-24T00:00:${String(repeat * 2 + i).padStart(2, "0")}.000Z`,
        arm,
        repeat,
        trainSeconds: middle * Math.exp(noise * drawNormal(random)),
      }),
    ),
  );
}
