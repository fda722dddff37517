/** At least one value. */
export type Sample = readonly [number, ...number[]];

/** A sample, or null when there is none. */
export function toSample(values: readonly number[]): Sample | null {
  return values.length > 0 ? (values as unknown as Sample) : null;
}

/** The values in ascending order, in an array of their own. */
export function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

/**
 * The quantile of a sample at a share in [0, 1]: linear between order statistics, position (n - 1) * share.
 *
 * Definition 7 of Hyndman and Fan 1996, the default of R and NumPy.
 */
export function quantile(sample: Sample, share: number): number {
  return quantileOfSorted(sorted(sample), share);
}

/** {@link quantile} of values already in ascending order; they must not be empty. */
export function quantileOfSorted(ascending: ArrayLike<number>, share: number): number {
  const position = (ascending.length - 1) * share;
  const below = Math.floor(position);
  const low = ascending[below] as number;
  const high = ascending[Math.min(below + 1, ascending.length - 1)] as number;
  return low + (high - low) * (position - below);
}

/** The middle value, or the mean of the two middle ones. */
export function median(sample: Sample): number {
  return quantile(sample, 0.5);
}

/** The arithmetic mean. */
export function mean(sample: Sample): number {
  return sample.reduce((sum, value) => sum + value, 0) / sample.length;
}

/** The sample's standard deviation, divisor n - 1; 0 for one value. */
export function standardDeviation(sample: Sample): number {
  if (sample.length < 2) return 0;
  const centre = mean(sample);
  return Math.sqrt(sample.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (sample.length - 1));
}
