import { mean, type Sample } from "./median.ts";
import { normalQuantile, studentQuantile } from "./normal.ts";

/**
 * The smallest relative difference in time that runs as noisy as these would show in 4 of 5 experiments, tested at 5 %.
 *
 * d = exp((t(0.975) + t(0.8)) s sqrt(1/m + 1/n) / sqrt(0.864)) - 1, with s the pooled standard deviation of ln(seconds)
 * and t at m + n - 2 degrees of freedom. 0.864 is the least efficiency of the rank test against the t test, whatever the
 * distribution (Hodges and Lehmann 1956). null below two runs an arm.
 */
export function detectableRatio(baseline: Sample, candidate: Sample): number | null {
  if (baseline.length < 2 || candidate.length < 2) return null;
  const degrees = baseline.length + candidate.length - 2;
  const spread = Math.sqrt((squaresOfLogs(baseline) + squaresOfLogs(candidate)) / degrees);
  const standardError = spread * Math.sqrt(1 / baseline.length + 1 / candidate.length);
  const quantiles = studentQuantile(0.975, degrees) + studentQuantile(0.8, degrees);
  return Math.expm1((quantiles * standardError) / Math.sqrt(0.864));
}

function squaresOfLogs(sample: Sample): number {
  const logs = sample.map(Math.log) as unknown as Sample;
  const centre = mean(logs);
  return logs.reduce((sum, value) => sum + (value - centre) ** 2, 0);
}

/**
 * The smallest difference in accuracy that these paired questions would show in 4 of 5 evaluations, tested at 5 %:
 * (z(0.975) + z(0.8)) sqrt(share discordant / n), and at least 6 / n, since McNemar's exact test needs six discordant
 * questions on one side to fall below 5 %.
 */
export function detectableDifference(discordant: number, n: number): number {
  const quantiles = normalQuantile(0.975) + normalQuantile(0.8);
  return Math.min(1, Math.max((quantiles * Math.sqrt(discordant / n)) / Math.sqrt(n), 6 / n));
}
