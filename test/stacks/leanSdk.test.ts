import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { mute, withoutTraces } from "../../stacks/leanSdk.ts";

const require = createRequire(import.meta.url);

test("the pinned SDK still has both functions that are replaced", () => {
  expect(require("@pulumi/pulumi/runtime/debuggable").debuggablePromise.name).toBe("");
  expect(String(require("@pulumi/pulumi/log").debug)).toMatch(/^async \(\) => ?\{\}$/);
});

test("an error made in such a function has no trace, one made after it has its own", () => {
  const internals = { fail: (word: unknown) => new Error(String(word)) };
  withoutTraces(internals, "fail");
  expect(internals.fail("inner").stack).toBe("Error: inner");
  expect(new Error("outer").stack).toMatch(/^Error: outer\n {4}at .*leanSdk\.test\.ts/);
});

test("a function that throws leaves later traces as they were", () => {
  const internals: { refuse(): void } = {
    refuse() {
      throw new Error("no");
    },
  };
  withoutTraces(internals as never, "refuse");
  expect(() => internals.refuse()).toThrow("no");
  expect(new Error("later").stack).toContain("leanSdk.test.ts");
});

test("an SDK without such a function stays as it is", () => {
  const internals = {};
  withoutTraces(internals, "gone");
  mute(internals, "gone");
  expect(internals).toEqual({});
});
