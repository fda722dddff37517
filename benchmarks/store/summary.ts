import type { Efficiency, Outcome, Question, RunRecord } from "../record.ts";
import { median, toSample } from "../statistics/median.ts";
import { canonical, digest } from "./canonical.ts";
import { type Conditions, conditionsOf } from "./conditions.ts";

/** What listing, comparing and reporting need of a record. Computed; the record stays the truth. */
export interface RunSummary {
  file: string;
  id: string;
  startedAt: string;
  stack: string | null;
  experiment: string;
  arm: string;
  scenario: string;
  repeat: number;
  outcome: Outcome;
  errorCode: string | null;
  errorMessage: string | null;
  seed: number;
  nodes: string[];
  ranks: number;
  effectiveBatch: number;
  transport: string | null;
  device: string | null;
  /** Seconds of the train phase. */
  trainSeconds: number | null;
  /** Seconds of all phases. */
  totalSeconds: number;
  numSteps: number;
  medianStepSeconds: number | null;
  /** Tokens of all steps, all ranks. */
  tokens: number;
  /** The last step's loss. */
  finalLoss: number | null;
  peakResidentGiB: number | null;
  peakAllocatedGiB: number | null;
  predictedGiB: number | null;
  /** Seconds of each phase that there was. */
  phases: RunRecord["phases"];
  /** null where nobody looked. */
  efficiency: Efficiency | null;
  /** Digest of {@link Conditions}; runs made alike have the same one. */
  conditionsDigest: string;
  conditions: Conditions;
  evaluation: EvaluationSummary | null;
}

/** The questions of an evaluation, in the order of their ids. */
export interface QuestionSet {
  ids: string[];
  subjects: string[];
}

/** One byte a question, of the bits {@link right}, {@link letterParsed} and {@link letterRight}. */
export interface EvaluationSummary {
  questionsDigest: string;
  questions: QuestionSet;
  tuned: Uint8Array | null;
  untuned: Uint8Array | null;
  /** Whether a letter was asked for at all. */
  letters: boolean;
}

/** The option with the highest log-probability is the right one. */
export const right = 1;
/** The generated letter could be read. */
export const letterParsed = 2;
/** The generated letter is the right one. */
export const letterRight = 4;

/** The summary of a record read from a file. */
export function summarise(record: RunRecord, file: string): RunSummary {
  const conditions = conditionsOf(record);
  const { steps, phases, memory, world } = record;
  const stepSeconds = toSample(steps?.seconds ?? []);
  return {
    file,
    id: record.id,
    startedAt: record.startedAt,
    stack: record.stack,
    experiment: record.experiment,
    arm: record.arm,
    scenario: record.scenario,
    repeat: record.repeat,
    outcome: record.outcome,
    errorCode: record.error?.code ?? null,
    errorMessage: record.error?.message ?? null,
    seed: record.seed,
    nodes: world.nodes,
    ranks: world.ranks,
    effectiveBatch: world.effectiveBatch,
    transport: world.transport,
    device: world.device,
    trainSeconds: phases.train ?? null,
    totalSeconds: phases.total,
    numSteps: steps?.seconds.length ?? 0,
    medianStepSeconds: stepSeconds === null ? null : median(stepSeconds),
    tokens: (steps?.tokens ?? []).reduce((sum, tokens) => sum + tokens, 0),
    finalLoss: steps?.loss.at(-1) ?? null,
    peakResidentGiB: memory.peakResidentGiB,
    peakAllocatedGiB: memory.peakAllocatedGiB,
    predictedGiB: memory.predictedGiB,
    phases,
    efficiency: record.efficiency,
    conditionsDigest: digest(canonical(conditions)),
    conditions,
    evaluation: summariseEvaluation(record),
  };
}

function summariseEvaluation({ evaluation, config }: RunRecord): EvaluationSummary | null {
  if (evaluation === null) return null;
  const byId = (questions: Question[] | null) =>
    questions === null || questions.length === 0
      ? null
      : [...questions].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const tuned = byId(evaluation.tuned);
  const untuned = byId(evaluation.untuned);
  const asked = tuned ?? untuned;
  if (asked === null) return null;
  const questions = { ids: asked.map(({ id }) => id), subjects: asked.map(({ subject }) => subject) };
  // Same ids with other right answers are other questions.
  const identity = canonical([questions, asked.map(({ gold }) => gold)]);
  const settings = config.evaluation as { letters?: unknown } | null | undefined;
  return {
    questionsDigest: digest(identity),
    questions,
    tuned: tuned && toBits(tuned),
    untuned: untuned && toBits(untuned),
    letters: settings?.letters === true,
  };
}

function toBits(questions: Question[]): Uint8Array {
  return Uint8Array.from(
    questions,
    ({ predicted, letter, gold }) =>
      (predicted === gold ? right : 0) |
      (letter !== null ? letterParsed : 0) |
      (letter === gold ? letterRight : 0),
  );
}
