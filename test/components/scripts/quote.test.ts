import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { quote } from "../../../components/scripts/quote.ts";

test.each([
  ["plain words stay as they are", "/opt/rocmark/node-0", "/opt/rocmark/node-0"],
  ["a space is quoted", "a b", "'a b'"],
  ["a single quote leaves the quotes and comes back", "it's", `'it'\\''s'`],
  ["the empty word is a pair of quotes", "", "''"],
  ["a command substitution is only text", "$(reboot)", "'$(reboot)'"],
])("%s", (_title, text, quoted) => {
  expect(quote(text)).toBe(quoted);
});

test("a shell reads each quoted word back unchanged", () => {
  const words = fc.array(
    fc
      .string({ unit: "binary", maxLength: 40 })
      .filter((text) => !text.includes("\0") && text.isWellFormed()),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(words, (list) => {
      const script = `for word in ${list.map(quote).join(" ")}; do printf '%s\\0' "$word"; done`;
      expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toBe(
        list.map((word) => `${word}\0`).join(""),
      );
    }),
    { numRuns: 60, seed: 1 },
  );
});

test("a NUL character is refused", () => {
  expect(() => quote("a\0b")).toThrow("A shell word cannot hold a NUL character.");
});
