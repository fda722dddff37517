import { z } from "zod";

/**
 * The record of schema 1: what one run leaves. Raw values only; every summary is computed from it.
 *
 * This file is the source of `trainer/schema/record.schema.json`, against which the trainer tests what it writes.
 * `config`, `facts` and `installed` stay open: the trainer's config has a schema of its own, and a comparison reads
 * whatever is in them field by field, so that a key added later counts without a change here.
 */

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
const seconds = z.number().min(0);
const gibibytes = z.number().min(0);
const choice = z.int().min(0).max(3);
const open = z.record(z.string(), z.unknown());

/** One question of the evaluation: how one state of the model answered it. */
const question = z.strictObject({
  id: z.string().min(1).max(256),
  subject: z.string().max(256),
  gold: choice,
  predicted: choice.describe("The option with the highest log-probability."),
  logProbabilities: z.array(z.number()).length(4).describe("Of the whole option text, one an option."),
  letter: choice.nullable().describe("The first generated letter; null when unparseable or not asked for."),
});

const fingerprint = z.strictObject({
  node: name,
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  facts: open,
  installed: open,
});

const code = z.strictObject({
  version: z.string().max(128),
  commit: z.string().max(128).nullable(),
  dirty: z.boolean().nullable(),
  bundle: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable()
    .describe("sha256 of the trainer's files."),
});

const world = z.strictObject({
  nodes: z.array(name).min(1),
  ranks: z.int().min(1),
  effectiveBatch: z.int().min(1).describe("Samples an optimizer step, over all ranks."),
  transport: z
    .enum(["none", "gloo", "nccl", "rccl"])
    .nullable()
    .describe("null when the run ended before it knew."),
  device: z.enum(["cpu", "cuda", "rocm"]).nullable().describe("null when the run ended before it knew."),
});

const phases = z.strictObject({
  import: seconds.optional(),
  load: seconds.optional(),
  tokenise: seconds.optional(),
  compile: seconds
    .optional()
    .describe("Compiling and capturing, before the first timed step; see compileCache."),
  train: seconds
    .optional()
    .describe("Checkpoints included, and after --resume the loops of earlier processes."),
  evaluateUntuned: seconds.optional(),
  evaluate: seconds.optional(),
  save: seconds.optional(),
  profile: seconds.optional().describe("Steps repeated after training, to see where time goes."),
  total: seconds,
});

const steps = z.strictObject({
  seconds: z.array(seconds),
  tokens: z.array(z.int().min(0)).describe("Over all ranks, padding left out."),
  targetTokens: z.array(z.int().min(0)).describe("Tokens that carry loss, over all ranks."),
  loss: z.array(z.number()),
  gradientNorm: z.array(z.number()),
  skipped: z.array(z.boolean()),
});

const share = z.number().min(0).max(1);

const efficiency = z.strictObject({
  ceilings: z.strictObject({
    matmulTflops: z.number().min(0).describe("Median of repeated square matrix products, in this process."),
    copyGBs: z
      .number()
      .min(0)
      .describe("Median of repeated copies, read plus write, in 10^9 bytes a second."),
    precision: z.enum(["fp32", "fp16", "bf16"]).describe("Of the matrix product."),
    size: z.int().min(1).describe("Rows and columns of the matrix product."),
  }),
  usefulTflopPerStep: z
    .number()
    .min(0)
    .describe("One rank's matrix work forward and backward through a frozen base; median of the steps."),
  bytesPerStep: z
    .number()
    .min(0)
    .describe("What that work moves at the least: weights twice a pass, activations once each."),
  achievedTflops: z.number().min(0).describe("Useful work over time, one rank's; median of the steps."),
  ceilingShare: z.number().min(0).describe("achievedTflops over ceilings.matmulTflops."),
  shares: z
    .strictObject({
      busy: share.describe("matmul, attention, communication and memory together."),
      matmul: share,
      attention: share,
      memory: share.describe("Busy with anything else: element by element, copies, reductions."),
      communication: share.describe("Where nothing else ran beside it."),
      input: share.describe("Waiting for samples."),
      launch: share.describe("Idle: the host had not yet said what to do next."),
    })
    .describe("Of the undisturbed time of a forward and backward pass; all but busy add up to 1."),
  profiledSteps: z.int().min(1),
  passTokens: z
    .int()
    .min(1)
    .describe("Tokens that one rank takes through the model at once, padding left out; median."),
});

export const recordSchema = z.strictObject({
  schema: z.literal(1),
  id: name,
  startedAt: z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
  stack: z.string().max(128).nullable(),
  experiment: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)?$/),
  arm: name,
  scenario: z.enum(["finetune", "evaluate", "generate", "gemm", "bandwidth", "attention", "allreduce"]),
  repeat: z.int().min(0),
  outcome: z.enum(["ok", "failed", "timeout", "out-of-memory", "diverged"]),
  error: z.strictObject({ code: z.string().regex(/^E_[A-Z0-9_]+$/), message: z.string() }).nullable(),
  config: open.describe("The trainer's config as resolved."),
  seed: z.int(),
  fingerprints: z.array(fingerprint),
  code,
  world,
  phases,
  steps: steps.nullable(),
  memory: z.strictObject({
    predictedGiB: gibibytes
      .nullable()
      .describe("Of training, on an accelerator; null on a CPU and for models that cannot be predicted."),
    peakAllocatedGiB: gibibytes
      .nullable()
      .describe("Of training, as predicted; on the rank that needed most."),
    peakReservedGiB: gibibytes.nullable(),
    peakResidentGiB: gibibytes.nullable().describe("Of the whole process, but for the profile."),
  }),
  evaluation: z.strictObject({ tuned: z.array(question), untuned: z.array(question).nullable() }).nullable(),
  adapter: z
    .strictObject({
      path: z.string().min(1).max(4096),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      parameters: z.int().min(0),
    })
    .nullable(),
  efficiency: efficiency
    .nullable()
    .default(null)
    .describe("null where nobody looked, and where looking failed."),
  compileCache: z
    .enum(["cold", "warm", "partly"])
    .nullable()
    .default(null)
    .describe(
      "Whether the compiler found its code on this machine: none, all or some of it, as Inductor counts what it takes " +
        "from its cache, or Triton where our own kernels serve alone; null where nothing was compiled.",
    ),
  resumedFrom: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe("Optimizer steps that an earlier process had done; null for a run in one piece."),
});

export type RunRecord = z.infer<typeof recordSchema>;
export type Question = z.infer<typeof question>;
export type Efficiency = z.infer<typeof efficiency>;
export type Fingerprint = z.infer<typeof fingerprint>;
export type Code = z.infer<typeof code>;
export type Outcome = RunRecord["outcome"];
export { code as codeSchema, fingerprint as fingerprintSchema, name as nameSchema };

/** The record as JSON Schema 2020-12, as `trainer/schema/record.schema.json` must be. */
export function recordJsonSchema(): Record<string, unknown> {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "rocmark record, schema 1",
    ...z.toJSONSchema(recordSchema, { target: "draft-2020-12" }),
  };
}
