import { quantileOfSorted, type Sample, sorted } from "./median.ts";
import { createRandom, drawBeta, type Random } from "./random.ts";

/** An estimate and the interval that holds the true value with the confidence asked for. */
export interface Interval {
  estimate: number;
  low: number;
  high: number;
  confidence: number;
}

/**
 * The ratio median(candidate) / median(baseline) of two independent samples with its percentile bootstrap interval.
 *
 * Efron and Tibshirani 1993, chapter 13. With few runs the interval is too narrow (for 5 and 5 runs a 95 % interval
 * covers about 90 %), which is why a verdict also asks {@link mannWhitney}, exact at any size.
 */
export function ratioOfMedians(
  baseline: Sample,
  candidate: Sample,
  { confidence = 0.95, ...options }: { confidence?: number; resamples?: number; seed?: number } = {},
): Interval {
  return intervalOf(resampleRatios(baseline, candidate, options), confidence);
}

/** The ratio of medians, and that of each resample in ascending order. */
export interface ResampledRatios {
  estimate: number;
  ratios: Float64Array;
}

/** Resamples both samples; {@link intervalOf} then gives an interval of any confidence. */
export function resampleRatios(
  baseline: Sample,
  candidate: Sample,
  { resamples = 10_000, seed = 1 }: { resamples?: number; seed?: number } = {},
): ResampledRatios {
  const random = createRandom(seed);
  const below = sorted(baseline);
  const above = sorted(candidate);
  const ratios = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++)
    ratios[i] = drawResampledMedian(above, random) / drawResampledMedian(below, random);
  return { estimate: quantileOfSorted(above, 0.5) / quantileOfSorted(below, 0.5), ratios: ratios.sort() };
}

/** The percentile interval of resampled ratios. */
export function intervalOf({ estimate, ratios }: ResampledRatios, confidence: number): Interval {
  return {
    estimate,
    low: quantileOfSorted(ratios, (1 - confidence) / 2),
    high: quantileOfSorted(ratios, (1 + confidence) / 2),
    confidence,
  };
}

/**
 * The median of one resample with replacement, without making the resample: drawing n of n values is drawing n uniforms
 * U and taking x[ceil(n U)], so the resample's k-th value is x[ceil(n U(k))], and the k-th of n uniforms is
 * Beta(k, n + 1 - k). The cost does not grow with n. Exact, not an approximation.
 */
export function drawResampledMedian(ascending: Float64Array, random: Random): number {
  const n = ascending.length;
  const at = (share: number) => ascending[Math.min(n - 1, Math.floor(n * share))] as number;
  const half = Math.floor(n / 2);
  if (n === 1) return ascending[0] as number;
  if (n % 2 === 1) return at(drawBeta(half + 1, half + 1, random));
  const lower = drawBeta(half, half + 1, random);
  // Given the lower middle, the upper one is the least of n/2 uniforms on the rest.
  const upper = lower + (1 - lower) * (1 - (1 - random()) ** (1 / half));
  return (at(lower) + at(upper)) / 2;
}
