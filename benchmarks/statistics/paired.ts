import type { Interval } from "./bootstrap.ts";
import { normalQuantile } from "./normal.ts";
import { wilsonInterval } from "./proportion.ts";

/** How two answerers did on the same questions, counted. */
export interface PairedCounts {
  bothRight: number;
  onlyBaseline: number;
  onlyCandidate: number;
  bothWrong: number;
}

/** Counts over questions; the two arrays are in the same order of questions. */
export function countPairs(baseline: ArrayLike<number>, candidate: ArrayLike<number>): PairedCounts {
  const counts: PairedCounts = { bothRight: 0, onlyBaseline: 0, onlyCandidate: 0, bothWrong: 0 };
  for (let i = 0; i < baseline.length; i++)
    if (baseline[i]) counts[candidate[i] ? "bothRight" : "onlyBaseline"]++;
    else counts[candidate[i] ? "onlyCandidate" : "bothWrong"]++;
  return counts;
}

/**
 * McNemar's test (1947), exact and two-sided: under the null each discordant question is a fair coin, so
 * p = min(1, 2 P(Binomial(b + c, 1/2) <= min(b, c))).
 */
export function mcnemar({ onlyBaseline, onlyCandidate }: PairedCounts): number {
  const n = onlyBaseline + onlyCandidate;
  if (n === 0) return 1;
  let logTerm = -n * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= Math.min(onlyBaseline, onlyCandidate); k++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log(n - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * tail);
}

/**
 * The difference of two accuracies on the same questions, candidate minus baseline, by Newcombe's method 10
 * (1998, Statistics in Medicine 17, 2635-2650): Wilson's limits of each, joined with the correlation phi.
 *
 * Unlike d +- z sqrt(b + c - (b - c)^2 / n) / n it has a width even where no question tells the two apart.
 */
export function pairedDifference(counts: PairedCounts, confidence = 0.95): Interval {
  const { bothRight: a, onlyBaseline: b, onlyCandidate: c, bothWrong: d } = counts;
  const n = a + b + c + d;
  const candidate = wilsonInterval(a + c, n, confidence);
  const baseline = wilsonInterval(a + b, n, confidence);
  const margins = (a + b) * (c + d) * (a + c) * (b + d);
  const cross = a * d - b * c;
  const corrected = cross > 0 ? Math.max(cross - n / 2, 0) : cross;
  const phi = margins === 0 ? 0 : corrected / Math.sqrt(margins);
  const width = (x: number, y: number) => Math.sqrt(Math.max(0, x * x - 2 * phi * x * y + y * y));
  const estimate = (c - b) / n;
  return {
    estimate,
    low: estimate - width(candidate.estimate - candidate.low, baseline.high - baseline.estimate),
    high: estimate + width(candidate.high - candidate.estimate, baseline.estimate - baseline.low),
    confidence,
  };
}

/**
 * The mean of paired differences whose errors are alike within a cluster (a subject): d +- z se, with
 * se^2 = C / (C - 1) * sum over clusters of (sum over its questions of (d_i - d))^2 / n^2.
 *
 * Liang and Zeger 1986; Miller 2024, "Adding Error Bars to Evals", section 2.2. null below two clusters.
 */
export function clusteredDifference(
  differences: ArrayLike<number>,
  clusters: ArrayLike<string>,
  confidence = 0.95,
): (Interval & { standardError: number; numClusters: number }) | null {
  const n = differences.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += differences[i] as number;
  const estimate = sum / n;
  const residuals = new Map<string, number>();
  for (let i = 0; i < n; i++) {
    const cluster = clusters[i] as string;
    residuals.set(cluster, (residuals.get(cluster) ?? 0) + (differences[i] as number) - estimate);
  }
  const numClusters = residuals.size;
  if (numClusters < 2) return null;
  let squares = 0;
  for (const residual of residuals.values()) squares += residual * residual;
  const standardError = Math.sqrt((numClusters / (numClusters - 1)) * squares) / n;
  const half = normalQuantile((1 + confidence) / 2) * standardError;
  return { estimate, low: estimate - half, high: estimate + half, confidence, standardError, numClusters };
}
