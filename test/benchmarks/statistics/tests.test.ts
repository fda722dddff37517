import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ratioOfMedians } from "../../../benchmarks/statistics/bootstrap.ts";
import { detectableDifference, detectableRatio } from "../../../benchmarks/statistics/detectable.ts";
import { isEquivalent } from "../../../benchmarks/statistics/equivalence.ts";
import { mannWhitney } from "../../../benchmarks/statistics/mannWhitney.ts";
import type { Sample } from "../../../benchmarks/statistics/median.ts";
import {
  clusteredDifference,
  countPairs,
  mcnemar,
  pairedDifference,
} from "../../../benchmarks/statistics/paired.ts";

describe("Mann and Whitney's test", () => {
  test.each([
    [[1, 2, 3], [4, 5, 6], 9, 2 / 20],
    [[1, 2, 3, 4], [5, 6, 7, 8], 16, 2 / 70],
    [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 25, 2 / 252],
    [[6, 7, 8, 9, 10], [1, 2, 3, 4, 5], 0, 2 / 252],
    // Ranks of {1, 4} among 1..4 sum to 5, the middle: every split is as extreme.
    [[2, 3], [1, 4], 2, 1],
    // Midranks 2, 2, 2, 4: pairs sum to 4 or 6, three ways each, both 1 from the middle.
    [[1, 1], [1, 2], 3, 1],
  ])("%j against %j has U %d and exact p %d", (baseline, candidate, u, p) => {
    const found = mannWhitney(baseline as unknown as Sample, candidate as unknown as Sample);
    expect(found.u).toBe(u);
    expect(found.p).toBeCloseTo(p, 12);
    expect(found.method).toBe("exact");
  });

  test("all values equal is no evidence at all, at any size", () => {
    const same = (n: number) => Array(n).fill(7) as unknown as Sample;
    expect(mannWhitney(same(5), same(5)).p).toBe(1);
    expect(mannWhitney(same(50), same(50)).p).toBe(1);
  });

  test("the normal approximation agrees with the exact p where the exact one ends", () => {
    const baseline = Array.from({ length: 30 }, (_, i) => i * 2) as unknown as Sample;
    const shifted = (by: number, n: number) =>
      Array.from({ length: n }, (_, i) => i * 2 + by) as unknown as Sample;
    const exact = mannWhitney(baseline, shifted(13, 30));
    const normal = mannWhitney(baseline, [...shifted(13, 30), 43.5] as unknown as Sample);
    expect([exact.method, normal.method]).toEqual(["exact", "normal"]);
    expect(Math.abs(exact.p - normal.p)).toBeLessThan(0.02);
  });

  test("p is a probability, and swapping the arms changes nothing but U", () => {
    const arm = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(arm, arm, (a, b) => {
        const [one, other] = [a as unknown as Sample, b as unknown as Sample];
        const [there, back] = [mannWhitney(one, other), mannWhitney(other, one)];
        expect(there.p).toBeGreaterThan(0);
        expect(there.p).toBeLessThanOrEqual(1);
        expect(there.p).toBeCloseTo(back.p, 10);
        expect(there.u + back.u).toBeCloseTo(a.length * b.length, 10);
      }),
    );
  });
});

describe("paired questions", () => {
  test.each([
    [1, 9, (2 * (1 + 10)) / 1024],
    [0, 6, 2 / 64],
    [0, 5, 2 / 32],
    [5, 5, 1],
    [0, 0, 1],
  ])("McNemar's exact p of %d against %d is %d", (onlyBaseline, onlyCandidate, p) => {
    expect(mcnemar({ bothRight: 3, bothWrong: 4, onlyBaseline, onlyCandidate })).toBeCloseTo(p, 12);
  });

  test("McNemar does not overflow with thousands of discordant questions", () => {
    const p = mcnemar({ bothRight: 0, bothWrong: 0, onlyBaseline: 2000, onlyCandidate: 2150 });
    expect(p).toBeCloseTo(0.0208, 3); // z = (150 - 1) / sqrt(4150) = 2.313
  });

  test("Newcombe's own example: 20, 12, 2, 16 differ by 0.20, 0.0562 to 0.3292", () => {
    const found = pairedDifference({ bothRight: 20, onlyBaseline: 2, onlyCandidate: 12, bothWrong: 16 });
    expect(found.estimate).toBeCloseTo(0.2, 12);
    expect(found.low).toBeCloseTo(0.0562, 3);
    expect(found.high).toBeCloseTo(0.329, 3);
  });

  test("answers that never differ still leave a width", () => {
    const { low, high } = pairedDifference({
      bothRight: 580,
      onlyBaseline: 0,
      onlyCandidate: 0,
      bothWrong: 20,
    });
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0);
    expect(high).toBeLessThan(0.02);
  });

  test("the interval holds the difference, lies in [-1, 1] and mirrors when arms are swapped", () => {
    const count = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(count, count, count, count, (bothRight, onlyBaseline, onlyCandidate, bothWrong) => {
        fc.pre(bothRight + onlyBaseline + onlyCandidate + bothWrong > 0);
        const found = pairedDifference({ bothRight, onlyBaseline, onlyCandidate, bothWrong });
        const swapped = pairedDifference({
          bothRight,
          onlyBaseline: onlyCandidate,
          onlyCandidate: onlyBaseline,
          bothWrong,
        });
        expect(found.low).toBeLessThanOrEqual(found.estimate);
        expect(found.high).toBeGreaterThanOrEqual(found.estimate);
        expect(found.low).toBeGreaterThanOrEqual(-1 - 1e-9);
        expect(found.high).toBeLessThanOrEqual(1 + 1e-9);
        expect(swapped.low).toBeCloseTo(-found.high, 10);
      }),
    );
  });

  test("counting puts each question where it belongs", () => {
    expect(countPairs([1, 1, 0, 0, 0], [1, 0, 1, 0, 0])).toEqual({
      bothRight: 1,
      onlyBaseline: 1,
      onlyCandidate: 1,
      bothWrong: 2,
    });
  });

  test("clusters that cancel inside have no spread; clusters of one are the usual standard error", () => {
    expect(clusteredDifference([1, -1, 1, -1], ["a", "a", "b", "b"])?.standardError).toBe(0);
    // d = 0.25, residuals 0.75, -0.25, -0.25, -0.25: sqrt(4/3 * 0.75) / 4
    expect(clusteredDifference([1, 0, 0, 0], ["a", "b", "c", "d"])?.standardError).toBeCloseTo(0.25, 12);
    expect(clusteredDifference([1, 0], ["a", "a"])).toBe(null);
  });
});

describe("equivalence and what could have been found", () => {
  const interval = (low: number, high: number, confidence = 0.9) => ({ estimate: 0, low, high, confidence });

  test("equivalent only when the whole 90 % interval lies within the margin", () => {
    expect(isEquivalent(interval(-0.019, 0.019), 0.02)).toBe(true);
    expect(isEquivalent(interval(-0.019, 0.021), 0.02)).toBe(false);
    expect(() => isEquivalent(interval(-0.01, 0.01, 0.95), 0.02)).toThrow("needs a 90 % interval, not 0.95");
  });

  test("4,183 questions of which 10 % are discordant show 1.4 points", () => {
    expect(detectableDifference(418, 4183)).toBeCloseTo(0.0137, 4);
  });

  test("with few discordant questions the exact test is the limit: six of them", () => {
    expect(detectableDifference(0, 600)).toBeCloseTo(0.01, 12);
  });

  test("five runs an arm at 1 % noise show 1.7 %, and twenty times the runs a fifth of it", () => {
    const arm = (repeats: number) =>
      Array.from({ length: repeats }, () => [9.9, 9.95, 10, 10.05, 10.1]).flat() as unknown as Sample;
    // s = 0.0079; (2.306 + 0.889) * 0.0079 * sqrt(2 / 5) / sqrt(0.864)
    expect(detectableRatio(arm(1), arm(1))).toBeCloseTo(0.0173, 3);
    expect(detectableRatio(arm(20), arm(20))).toBeLessThan(0.0035);
    expect(detectableRatio([1], [1, 2])).toBe(null);
  });

  test("the bootstrap interval of a ratio holds the ratio, and is the same for the same seed", () => {
    const seconds = fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(seconds, seconds, fc.integer(), (a, b, seed) => {
        const [one, other] = [a as unknown as Sample, b as unknown as Sample];
        const found = ratioOfMedians(one, other, { seed, resamples: 200 });
        expect(found.low).toBeLessThanOrEqual(found.high);
        expect(found.low).toBeGreaterThanOrEqual(Math.min(...b) / Math.max(...a) - 1e-9);
        expect(ratioOfMedians(one, other, { seed, resamples: 200 })).toEqual(found);
      }),
    );
  });
});
