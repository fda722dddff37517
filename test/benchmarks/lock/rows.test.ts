import fc from "fast-check";
import { expect, test } from "vitest";
import { checkRows, isPytorchs, parseRows } from "../../../benchmarks/lock/rows.ts";
import { parseLock } from "../../../components/node/lock.ts";

const hash = (digit: string) => digit.repeat(64);
const row = (pin: string, ...digits: string[]) =>
  `${[pin, ...digits.map((digit) => `--hash=sha256:${hash(digit)}`)].join(" \\\n    ")}\n`;
const check = (lock: string, pytorchs: string) => () => checkRows(parseRows(lock), parseRows(pytorchs));

const torch = row("torch==2.10.0+rocm7.1", "a", "b");

test("a lock of PyTorch's own files and others with hashes is taken", () => {
  expect(check(torch + row("numpy==2.4.0 ; python_version > '3.10'", "c"), torch)).not.toThrow();
});

test.each([
  ["no hash", torch + row("numpy==2.4.0"), /numpy==2\.4\.0: uv gave no sha256/],
  ["no version", `${torch}numpy @ file.whl\n`, /numpy @ file\.whl: wanted one exact version/],
  [
    "torch with a file of another index",
    row("torch==2.10.0+rocm7.1", "a"),
    /torch==2\.10\.0\+rocm7\.1: wanted the files of PyTorch's index, found 2\.10\.0\+rocm7\.1 with other files/,
  ],
  [
    "no torch",
    row("numpy==2.4.0", "c"),
    /torch==2\.10\.0\+rocm7\.1: wanted the files of PyTorch's index, found none/,
  ],
  [
    "CUDA's libraries",
    torch + row("nvidia-cublas==13.0", "c"),
    /nvidia-cublas==13\.0: it belongs to PyTorch's build for CUDA/,
  ],
  [
    "CUDA's triton",
    torch + row("triton==3.6.0", "c"),
    /triton==3\.6\.0: it belongs to PyTorch's build for CUDA/,
  ],
  [
    "a package of PyTorch's that its index did not ask for",
    torch + row("torchvision==0.25.0", "c"),
    /torchvision==0\.25\.0: PyTorch's index alone does not ask for it/,
  ],
])("a lock with %s is refused", (_what, lock, message) => {
  expect(check(lock, torch)).toThrow(message);
});

test("the same packages count as PyTorch's when a lock is written and when a node installs from it", async () => {
  const { renderEnvironment } = await import("../../../components/scripts/environmentScript.ts");
  const digests = { lockDigest: hash("c"), bundleDigest: hash("d") };
  const wheel = { index: "https://example.net", torch: "2.10.0+rocm7.1", hip: "7.1.", targets: [] };
  const pinned = { name: "default", node: "a", stack: "s", lock: null, python: null, wheel };
  const places = { root: "/r/n", environments: "/r/e", uvCache: null, minFreeDiskGiB: 1 };
  const script = renderEnvironment({ ...places, ...digests, pinned });
  const [, names = ""] = /\^\(([a-z|-]+)\)\[ =;\]/.exec(script) ?? [];
  expect(names.split("|").length).toBeGreaterThan(3);
  for (const name of names.split("|")) expect(isPytorchs({ name }), name).toBe(true);
  for (const name of ["torch-scatter", "triton", "numpy"]) expect(isPytorchs({ name }), name).toBe(false);
});

test("rows are those that a stack reads of the same lock", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9._-]{0,12}[a-z0-9]$/);
  const version = fc.stringMatching(/^\d{1,3}(\.\d{1,3}){1,2}(\+rocm\d\.\d)?$/);
  const digits = fc.uniqueArray(fc.constantFrom(..."0123456789abcdef"), { minLength: 1, maxLength: 4 });
  const marker = fc.constantFrom("", " ; python_version < '3.12'");
  const lines = fc.array(fc.tuple(name, version, marker, digits), { maxLength: 8 });
  fc.assert(
    fc.property(lines, (all) => {
      const lock = `# a comment\n${all.map(([name, version, marker, digits]) => row(`${name}==${version}${marker}`, ...digits)).join("    # via x\n")}`;
      const own = parseRows(lock).map(({ name, version, hashes }) => ({ name, version, hashes }));
      const read = parseLock("lock", lock).map(({ name, version, hashes }) => ({
        name,
        version,
        hashes: hashes.toSorted(),
      }));
      expect(own).toEqual(read);
    }),
  );
});
