import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { paced } from "../../stacks/paced.ts";

test("a component is made once the engine knows the one four before it, and all are returned in order", async () => {
  const known: (() => void)[] = [];
  const made: number[] = [];
  const all = paced([0, 1, 2, 3, 4, 5], (index) => {
    made.push(index);
    const urn = pulumi.output(new Promise<string>((resolve) => known.push(() => resolve(`urn-${index}`))));
    return { index, component: { urn } as unknown as pulumi.ComponentResource };
  });
  await settle();
  expect(made).toEqual([0, 1, 2, 3]);
  known[1]?.();
  await settle();
  expect(made).toEqual([0, 1, 2, 3]);
  known[0]?.();
  await settle();
  expect(made).toEqual([0, 1, 2, 3, 4, 5]);
  expect((await all).map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
});

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
