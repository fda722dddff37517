import { expect, test } from "vitest";
import { drawResampledMedian, ratioOfMedians } from "../../../benchmarks/statistics/bootstrap.ts";
import { median, type Sample, sorted } from "../../../benchmarks/statistics/median.ts";
import { createRandom, drawNormal, shuffle } from "../../../benchmarks/statistics/random.ts";

function shares(draw: () => number): Map<number, number> {
  const numDraws = 40_000;
  const counts = new Map<number, number>();
  for (let i = 0; i < numDraws; i++) {
    const value = draw();
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return new Map([...counts].map(([value, count]) => [value, count / numDraws]));
}

test("a resample of three has the least value as median in 7 of 27 cases", () => {
  const random = createRandom(1);
  const found = shares(() => drawResampledMedian(sorted([1, 2, 3]), random));
  expect(found.get(1)).toBeCloseTo(7 / 27, 1.9); // at least two of three draws are it: 3 * (1/9) * (2/3) + 1/27
  expect(found.get(2)).toBeCloseTo(13 / 27, 1.9);
});

test("a resample of two is either value or, half the time, their mean", () => {
  const random = createRandom(2);
  const found = shares(() => drawResampledMedian(sorted([1, 3]), random));
  expect(found.get(2)).toBeCloseTo(0.5, 1.9);
  expect(found.get(1)).toBeCloseTo(0.25, 1.9);
});

test.each([4, 5, 8, 9])("drawing the median of a resample of %d is like making the resample", (n) => {
  const values = Array.from({ length: n }, (_, i) => i * i);
  const random = createRandom(3);
  const direct = shares(() => drawResampledMedian(sorted(values), random));
  const made = shares(() => {
    const resample = values.map(() => values[Math.floor(random() * n)] as number);
    return median(resample as unknown as Sample);
  });
  for (const [value, share] of made) expect(Math.abs((direct.get(value) ?? 0) - share)).toBeLessThan(0.015);
});

test("20 % more with 1 % noise is seen as 1.2, tightly", () => {
  const random = createRandom(4);
  const arm = (middle: number) =>
    Array.from({ length: 20 }, () => middle * Math.exp(0.01 * drawNormal(random))) as unknown as Sample;
  const { estimate, low, high } = ratioOfMedians(arm(10), arm(12));
  expect(estimate).toBeCloseTo(1.2, 1);
  expect(low).toBeGreaterThan(1.18);
  expect(high).toBeLessThan(1.22);
});

test("a shuffle keeps every value and gives every order the same chance", () => {
  const random = createRandom(5);
  const found = shares(() => Number(shuffle([1, 2, 3], random).join("")));
  expect([...found.keys()].sort()).toEqual([123, 132, 213, 231, 312, 321]);
  for (const share of found.values()) expect(Math.abs(share - 1 / 6)).toBeLessThan(0.01);
});

test("draws of one seed are the same, of seeds side by side are not alike", () => {
  const first = (seed: number) => Array.from({ length: 5 }, createRandom(seed));
  expect(first(7)).toEqual(first(7));
  expect(new Set([1, 2, 3, 4].map((seed) => first(seed)[0])).size).toBe(4);
});
