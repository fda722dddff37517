import type { Interval } from "./bootstrap.ts";
import { normalQuantile } from "./normal.ts";

/**
 * A share with Wilson's score interval (1927): the p for which |share - p| <= z sqrt(p (1 - p) / n).
 *
 * Holds its confidence also near 0 and 1, where share +- z sqrt(share (1 - share) / n) does not.
 */
export function wilsonInterval(successes: number, n: number, confidence = 0.95): Interval {
  const share = successes / n;
  const z = normalQuantile((1 + confidence) / 2);
  const centre = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return {
    estimate: share,
    low: successes === 0 ? 0 : Math.max(0, centre - half),
    high: successes === n ? 1 : Math.min(1, centre + half),
    confidence,
  };
}
