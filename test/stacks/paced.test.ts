import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { paced } from "../../stacks/paced.ts";

test("a component is made once the engine knows the one sixteen before it, and all are returned in order", async () => {
  const known: (() => void)[] = [];
  const made: number[] = [];
  const indices = Array.from({ length: 18 }, (_, index) => index);
  const all = paced(
    indices,
    (index) => {
      made.push(index);
      const urn = pulumi.output(new Promise<string>((resolve) => known.push(() => resolve(`urn-${index}`))));
      return { index, component: { urn } as unknown as pulumi.Resource };
    },
    ({ component }) => component,
  );
  await settle();
  expect(made).toEqual(indices.slice(0, 16));
  known[1]?.();
  await settle();
  expect(made).toEqual(indices.slice(0, 16));
  known[0]?.();
  await settle();
  expect(made).toEqual(indices);
  expect((await all).map(({ index }) => index)).toEqual(indices);
});

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
