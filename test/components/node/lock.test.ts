import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lockDigest, normaliseName, parseLock } from "../../../components/node/lock.ts";

const hash = "0".repeat(64);

test("reads name, version, marker and hashes over continued lines", () => {
  const text = `# made by uv\nTorch==2.11.0 \\\n    --hash=sha256:${hash} \\\n    --hash=sha256:${"1".repeat(64)}\ntyping_extensions==4.1 ; python_version < '3.11' \\\n    --hash=sha256:${hash}\n`;
  expect(parseLock("lock.txt", text)).toEqual([
    { name: "torch", version: "2.11.0", marker: null, hashes: [hash, "1".repeat(64)] },
    { name: "typing-extensions", version: "4.1", marker: "python_version < '3.11'", hashes: [hash] },
  ]);
});

test.each([
  ["no hash", "torch==2.11.0\n", 1],
  ["a range instead of a pin", `numpy==1 --hash=sha256:${hash}\ntorch>=2 --hash=sha256:${hash}\n`, 2],
  ["an address", `torch @ file:///torch.whl --hash=sha256:${hash}\n`, 1],
  ["an index option", "--extra-index-url https://example.org/simple\n", 1],
  ["a hash that is cut", `torch==2.11.0 --hash=sha256:${hash.slice(1)}\n`, 1],
])("%s is refused with its line", (_title, text, line) => {
  expect(() => parseLock("lock.txt", text)).toThrow(
    `lock.txt, line ${line}: expected "name==version --hash=sha256:..."`,
  );
});

test("every pinned line comes back", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
  const version = fc.stringMatching(/^[0-9]{1,3}(\.[0-9]{1,3}){0,2}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, version), { maxLength: 20 }), (pins) => {
      const text = pins
        .map(([name, version]) => `${name}==${version} \\\n    --hash=sha256:${hash}\n`)
        .join("");
      expect(parseLock("lock.txt", text).map((entry) => [entry.name, entry.version])).toEqual(pins);
    }),
    { seed: 1 },
  );
});

test("names compare as PEP 503 says", () => {
  expect(normaliseName("Typing_Extensions")).toBe("typing-extensions");
  expect(normaliseName("ruamel.yaml--x")).toBe("ruamel-yaml-x");
});

test("a digest tells apart two locks that only join to the same text", () => {
  expect(lockDigest("ab", "c")).not.toBe(lockDigest("a", "bc"));
});

test("the trainer's own locks are whole: pinned, hashed, no address in them", () => {
  for (const file of ["default.txt", "test.txt", "uv.txt"]) {
    const text = readFileSync(new URL(`../../../trainer/locks/${file}`, import.meta.url), "utf8");
    expect(parseLock(file, text).length, file).toBeGreaterThan(0);
    expect(text.replace(/^\s*#.*$/gm, ""), file).not.toContain("://");
  }
});
