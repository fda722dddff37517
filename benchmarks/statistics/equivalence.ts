import type { Interval } from "./bootstrap.ts";

/** The confidence an interval must have for {@link isEquivalent} to be a test at 5 %. */
export const equivalenceConfidence = 0.9;

/**
 * Two one-sided tests at 5 % (Schuirmann 1987): equivalent when the 90 % interval lies inside (-margin, margin), or for
 * ratios inside (1 / (1 + margin), 1 + margin) after taking logarithms. The margin is set before looking.
 */
export function isEquivalent(interval: Interval, margin: number): boolean {
  if (Math.abs(interval.confidence - equivalenceConfidence) > 1e-12)
    throw new RangeError(`an equivalence test at 5 % needs a 90 % interval, not ${interval.confidence}`);
  return interval.low > -margin && interval.high < margin;
}
