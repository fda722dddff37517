import { z } from "zod";
import { accuracySentence, percent } from "../report/words.ts";
import { detectableDifference } from "../statistics/detectable.ts";
import { equivalenceConfidence, isEquivalent } from "../statistics/equivalence.ts";
import { mcnemar, type PairedCounts, pairedDifference } from "../statistics/paired.ts";

const counts = z.int().min(0);

/** What the notes need of the trainer's `raw`. */
const rawSchema = z.looseObject({
  shape: z.string(),
  samples: counts,
  steps: counts,
  maxSteps: counts.nullable(),
  precision: z.string(),
  lossCurve: z.looseObject({
    within: z.boolean().nullable(),
    baselines: counts.optional(),
    reason: z.string().optional(),
    curves: z
      .record(
        z.string(),
        z.looseObject({ steps: counts, distance: z.number(), tolerance: z.number(), spread: z.number() }),
      )
      .optional(),
  }),
  accuracy: z
    .looseObject({
      bothRight: counts,
      onlyWalkthrough: counts,
      onlyFast: counts,
      bothWrong: counts,
      margin: z.number(),
    })
    .nullable(),
  harness: z.looseObject({ interval: z.tuple([z.number(), z.number()]).optional() }).nullable(),
});

type Raw = z.infer<typeof rawSchema>;

/** What must be known to read the figures: what was trained, what was extrapolated, and whether both did the same. */
export function trainerNotes(raw: unknown): string[] {
  const known = rawSchema.parse(raw);
  return [subject(known), losses(known), answers(known), harness(known)].filter((note) => note !== null);
}

const subject = ({ shape, samples, steps, maxSteps, precision }: Raw): string =>
  `Shape ${shape}, ${samples} samples in ${steps} steps, ${precision}.` +
  (maxSteps === null
    ? ""
    : ` The slow arms ran ${maxSteps} steps; the other ${steps - maxSteps} are extrapolated from their median step.`);

function losses({ lossCurve }: Raw): string {
  const { within, curves = {}, baselines, reason } = lossCurve;
  if (within === null) return `Loss: not compared, ${reason ?? "the result does not say why"}.`;
  const found = Object.values(curves);
  const worst = found.reduce((one, other) =>
    one.distance / one.tolerance >= other.distance / other.tolerance ? one : other,
  );
  const figures = `${worst.distance.toExponential(1)} away where ${worst.tolerance.toExponential(1)} is allowed, from ${baselines} runs of Trainer + PEFT that differ in rounding alone (by ${worst.spread.toExponential(1)} at most)`;
  return within
    ? `Loss: \`fast\` is Trainer + PEFT but for rounding at each of ${worst.steps} steps; at worst ${figures}.`
    : `Loss: \`fast\` is NOT Trainer + PEFT: ${figures}.`;
}

function answers({ accuracy }: Raw): string | null {
  if (accuracy === null) return null;
  const pairs: PairedCounts = {
    bothRight: accuracy.bothRight,
    onlyBaseline: accuracy.onlyWalkthrough,
    onlyCandidate: accuracy.onlyFast,
    bothWrong: accuracy.bothWrong,
  };
  const questions = pairs.bothRight + pairs.onlyBaseline + pairs.onlyCandidate + pairs.bothWrong;
  const p = mcnemar(pairs);
  const difference = pairedDifference(pairs);
  const equivalent = isEquivalent(pairedDifference(pairs, equivalenceConfidence), accuracy.margin);
  const changed = difference.estimate > 0 ? "more accurate" : "less accurate";
  const verdict = equivalent ? "equivalent" : p < 0.05 ? changed : "no difference found";
  const detectable = detectableDifference(pairs.onlyBaseline + pairs.onlyCandidate, questions);
  const right = (only: number) => percent((pairs.bothRight + only) / questions);
  return (
    `Accuracy on ${questions} questions: walkthrough ${right(pairs.onlyBaseline)}, fast ${right(pairs.onlyCandidate)}; ` +
    `${accuracySentence({ counts: pairs, difference, p, bySubject: null, detectable, verdict }, accuracy.margin)}.`
  );
}

function harness({ harness: found }: Raw): string | null {
  if (!found?.interval) return null;
  const [low, high] = found.interval;
  return `Harness: 95 % interval of its cost [${percent(low)}, ${percent(high)}].`;
}
