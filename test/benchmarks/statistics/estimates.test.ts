import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { median, quantile, type Sample, standardDeviation } from "../../../benchmarks/statistics/median.ts";
import {
  normalCdf,
  normalQuantile,
  studentQuantile,
  twoSidedP,
} from "../../../benchmarks/statistics/normal.ts";
import { wilsonInterval } from "../../../benchmarks/statistics/proportion.ts";

const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const sample = fc.array(finite, { minLength: 1, maxLength: 50 }) as unknown as fc.Arbitrary<Sample>;

describe("median and quantiles", () => {
  test("the median of an even number of values is the mean of the middle two", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([3])).toBe(3);
  });

  test("a quantile lies between order statistics: position (n - 1) * share", () => {
    expect(quantile([10, 20, 30, 40, 50], 0.9)).toBeCloseTo(46, 12); // position 3.6: 40 + 0.6 * 10
  });

  test("quantiles rise with the share and stay within the sample", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(sample, share, share, (values, a, b) => {
        const [low, high] = [quantile(values, Math.min(a, b)), quantile(values, Math.max(a, b))];
        expect(low).toBeLessThanOrEqual(high + 1e-9);
        expect(low).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9);
        expect(high).toBeLessThanOrEqual(Math.max(...values) + 1e-9);
      }),
    );
  });

  test("standard deviation has divisor n - 1", () => {
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(standardDeviation([5])).toBe(0);
  });
});

describe("normal and Student's t", () => {
  test.each([
    [0.5, 0],
    [0.975, 1.959964],
    [0.8, 0.8416212],
    [0.001, -3.0902323],
  ])("the normal quantile of %d is %d", (share, z) => {
    expect(normalQuantile(share)).toBeCloseTo(z, 6);
    expect(normalCdf(z)).toBeCloseTo(share, 6);
  });

  test("a statistic of 1.96 has a two-sided p of 0.05", () => {
    expect(twoSidedP(1.959964)).toBeCloseTo(0.05, 6);
    expect(twoSidedP(0)).toBeCloseTo(1, 6);
  });

  test.each([
    [8, 2.306004],
    [30, 2.042272],
    [4, 2.776445],
  ])("t(0.975) at %d degrees is %d, within 1 %%", (degrees, t) => {
    expect(Math.abs(studentQuantile(0.975, degrees) / t - 1)).toBeLessThan(0.01);
  });
});

describe("Wilson's interval", () => {
  test("8 of 10 is 80 %, 49.0 % to 94.3 %", () => {
    const { estimate, low, high } = wilsonInterval(8, 10);
    expect(estimate).toBe(0.8);
    expect(low).toBeCloseTo(0.490162, 5); // (0.8 + z2/20) / (1 + z2/10) -+ z sqrt(0.016 + z2/400) / (1 + z2/10)
    expect(high).toBeCloseTo(0.943318, 5);
  });

  test("none of n still has an upper limit, z2 / (n + z2)", () => {
    expect(wilsonInterval(0, 10).high).toBeCloseTo(3.841459 / 13.841459, 6);
    expect(wilsonInterval(0, 10).low).toBe(0);
    expect(wilsonInterval(10, 10).high).toBe(1);
  });

  test("it holds the share, lies in [0, 1] and mirrors", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, share) => {
          const k = Math.round(share * n);
          const { estimate, low, high } = wilsonInterval(k, n);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          expect(low).toBeLessThanOrEqual(estimate);
          expect(high).toBeGreaterThanOrEqual(estimate);
          expect(wilsonInterval(n - k, n).low).toBeCloseTo(1 - high, 10);
        },
      ),
    );
  });
});
