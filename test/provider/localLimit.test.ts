import { expect, test } from "vitest";
import { toLocalLimit } from "../../provider/localCommand.ts";

test.each([
  [1, 8],
  [4, 16],
  [24, 96],
])("on a machine with %d GiB %d local commands run at a time", (gibibytes, limit) => {
  expect(toLocalLimit(gibibytes * 2 ** 30)).toBe(limit);
});
