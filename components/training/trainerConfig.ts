import { z } from "zod";

const name = z.string().min(1);
const count = z.int().positive();
const fraction = z.number().min(0).max(1);

/** How the model, the data and the fine-tune are chosen: the part of the trainer's config that a stack states. */
export const recipeSchema = z.strictObject({
  /** `bundled`, a folder in the hub's format, or a hub id such as "Qwen/Qwen3-1.7B". */
  model: z.strictObject({ name, revision: z.string().nullable() }),
  /** `bundled`, a folder of JSON lines or Parquet, or a hub id; null samples mean all of them. */
  data: z.strictObject({
    name,
    revision: z.string().nullable(),
    trainSamples: count.nullable(),
    validationSamples: count.nullable(),
  }),
  precision: z.enum(["fp32", "fp16", "bf16"]),
  /** `cuda` is also what torch calls a ROCm device; `auto` takes the accelerator that is there. */
  device: z.enum(["auto", "cpu", "cuda"]),
  lora: z.strictObject({
    rank: count,
    alpha: z.number().positive(),
    dropout: fraction,
    targets: z.array(name).min(1),
  }),
  training: z.strictObject({
    epochs: z.number().positive(),
    /** Tokens a sample, prompt and answer. */
    maxLength: count,
    tooLong: z
      .enum(["cut", "refuse"])
      .default("cut")
      .describe(
        "A longer sample: `cut` shortens its explanation, then its prompt; `refuse` ends the run before it trains.",
      ),
    /** Samples a rank takes at once in recipe `walkthrough`. */
    microBatch: count,
    /** Samples an optimizer step, over all ranks and accumulation steps. */
    effectiveBatch: count,
    learningRate: z.number().positive(),
    schedule: z.enum(["cosine", "linear", "constant"]),
    warmupRatio: fraction,
    weightDecay: z.number().min(0),
    maxGradientNorm: z.number().positive(),
    gradientCheckpointing: z.boolean(),
    /** `option`: on the right option alone; `answer`: on its explanation too; `all`: on the prompt as well. */
    lossOn: z.enum(["option", "answer", "all"]),
    /** Optimizer steps after which training ends, null for all epochs. */
    maxSteps: count.nullable(),
  }),
  /** Settings of the recipe `fast`; `walkthrough` has none of them. */
  fast: z
    .strictObject({
      /** Most samples a rank packs into one pass; null takes its share of the effective batch, or what memory allows. */
      samplesAtOnce: count.nullable().default(null),
      attention: z.enum(["auto", "triton", "varlen", "padded"]).default("auto"),
      compile: z.enum(["auto", "on", "off"]).default("auto"),
      graphs: z.enum(["auto", "on", "off"]).default("auto"),
      checkpointEvery: count
        .nullable()
        .default(null)
        .describe(
          "Optimizer steps between checkpoints, from which `train --resume` goes on; null keeps none. Recipe " +
            "`walkthrough` keeps none: it refuses a number here, and --resume.",
        ),
    })
    .prefault({}),
  evaluation: z.strictObject({
    untuned: z.boolean(),
    tuned: z.boolean(),
    /** Also generate a letter for each question. */
    letters: z.boolean(),
    /** Questions scored at once. */
    batch: count,
  }),
  profile: z
    .boolean()
    .default(true)
    .describe("After training, see where a step's time goes: some seconds, which no timed step holds."),
  seed: z.int().min(0),
});

/** One trainer run, complete: the same config and seed are the same run. */
export const trainerConfigSchema = recipeSchema.extend({
  schema: z.literal(1),
  run: z.strictObject({
    id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{7,63}$/),
    stack: z.string().nullable(),
    experiment: name,
    arm: name,
    scenario: z.enum(["finetune", "evaluate", "generate", "gemm", "bandwidth", "attention", "allreduce"]),
    repeat: z.int().min(0),
  }),
  code: z.strictObject({
    version: name,
    commit: z.string().nullable(),
    dirty: z.boolean().nullable(),
    bundle: z.string().nullable(),
  }),
  fingerprints: z.array(
    z.strictObject({
      node: name,
      digest: z.string().regex(/^[0-9a-f]{64}$/),
      facts: z.record(z.string(), z.unknown()),
      installed: z.record(z.string(), z.unknown()),
    }),
  ),
  recipe: z.enum(["walkthrough", "fast"]),
  /** Intra-op threads of a rank on a CPU, null for torch's own choice. */
  threads: count.nullable(),
  world: z.strictObject({
    nodes: z.array(name).min(1),
    ranksPerNode: count,
    transport: z.enum(["auto", "gloo", "nccl"]),
    /** Seconds a collective may take before the run ends as failed. */
    timeoutSeconds: z.number().positive(),
  }),
});

export type RecipeConfig = z.infer<typeof recipeSchema>;
export type TrainerConfig = z.infer<typeof trainerConfigSchema>;
