import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseLock } from "../../../components/node/lock.ts";
import { temporaryDirectory } from "../executors/localNodes.ts";
import { type Ended, rocmarkIn } from "../runRocmark.ts";
import { Indexes, type Offered } from "./indexes.ts";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The version of a package in the trainer's own lock. */
function lockedVersion(name: string): string {
  const path = join(import.meta.dirname, "../../../trainer/locks/default.txt");
  const found = parseLock("default.txt", readFileSync(path, "utf8")).find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`The trainer's lock has no ${name}.`);
  return found.version;
}

/** What PyTorch's indexes carry: PyTorch's own packages, and some of what they need at versions of their own. */
const pytorch: readonly Offered[] = [
  {
    name: "torch",
    version: "2.10.0+rocm7.1",
    needs: [
      "filelock",
      "setuptools<82",
      "triton-rocm==3.6.0; platform_system == 'Linux' and platform_machine == 'x86_64'",
    ],
  },
  { name: "triton-rocm", version: "3.6.0" },
  { name: "filelock", version: "3.13.1" },
  { name: "setuptools", version: "70.2.0" },
];

/** PyPI: torch for CUDA under the same name, and somebody's package of the name that only PyTorch's index should give. */
const pypi: readonly Offered[] = [
  { name: "torch", version: "2.10.0", needs: ["nvidia-cuda"] },
  { name: "torch", version: "2.11.0", needs: ["nvidia-cuda"] },
  { name: "nvidia-cuda", version: "1" },
  { name: "triton-rocm", version: "3.6.0", needs: ["numpy"] },
  { name: "filelock", version: "3.20.0" },
  { name: "setuptools", version: "80.9.0" },
  { name: "setuptools", version: "83.0.0" },
  { name: "transformers", version: "5.17.0", needs: ["filelock", "safetensors"] },
  { name: "peft", version: "0.21.2", needs: ["torch>=1.13"] },
  { name: "accelerate", version: "1.15.0", needs: ["torch>=2"] },
  { name: "safetensors", version: lockedVersion("safetensors") },
  { name: "safetensors", version: "99.0" },
  ...["datasets", "numpy"].map((name) => ({ name, version: "1.0" })),
];

let indexes: Indexes;
beforeAll(async () => {
  indexes = await Indexes.serve({
    pytorch,
    pypi,
    unhashed: pytorch.map((one) => ({ ...one, isHashed: false })),
    poor: pypi.filter(({ name }) => name !== "datasets"),
    empty: [],
  });
});
afterAll(() => indexes.close());

let locks: string;
let file: string;
beforeEach(() => {
  locks = join(directory, "locks");
  mkdirSync(locks);
  file = join(locks, "rocm7.1.txt");
});
afterEach(() => rmSync(locks, { recursive: true, force: true }));

/** The verb with an index of PyTorch's and a usual one; uv is kept where this user keeps it. */
function lock(usual: string, ...words: string[]): Promise<Ended> {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  return rocmarkIn(directory, {
    ...(Object.fromEntries(Object.entries(process.env).filter(([key]) => key.startsWith("PIP_"))) as Record<
      string,
      string
    >),
    XDG_CACHE_HOME: cache,
    UV_CACHE_DIR: join(directory, "uv"),
    UV_DEFAULT_INDEX: indexes.address(usual),
    UV_HTTP_RETRIES: "0",
  })("lock", "--out", file, ...words);
}
const asked = (index: string) => ["--pytorch", "2.10.0+rocm7.1", "--index", indexes.address(index)];

test("the lock has PyTorch's packages from its index, all others from the usual one, and is one that a stack takes", async () => {
  const { code, stdout } = await lock("pypi", ...asked("pytorch"));
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /rocm7\.1\.txt: 10 packages with hashes, torch==2\.10\.0\+rocm7\.1 and what belongs to it from http/,
  );
  const packages = parseLock(file, readFileSync(file, "utf8"));
  const of = (name: string) => packages.find((one) => one.name === name);
  expect(of("torch")).toEqual({
    name: "torch",
    version: "2.10.0+rocm7.1",
    marker: null,
    hashes: [indexes.hash("pytorch", "torch", "2.10.0+rocm7.1")],
  });
  expect(of("triton-rocm")?.hashes).toEqual([indexes.hash("pytorch", "triton-rocm", "3.6.0")]);
  expect(of("filelock")?.version).toBe("3.20.0");
  // What torch asks of another package holds, though that one comes from elsewhere.
  expect(of("setuptools")).toMatchObject({
    version: "80.9.0",
    hashes: [indexes.hash("pypi", "setuptools", "80.9.0")],
  });
  expect(packages.map(({ name }) => name)).not.toContain("nvidia-cuda");
  expect(readFileSync(file, "utf8")).not.toContain("http");
});

test("all that can stay has the version of the trainer's own lock, so that two locks differ in PyTorch alone", async () => {
  await lock("pypi", ...asked("pytorch"));
  const safetensors = parseLock(file, readFileSync(file, "utf8")).find(({ name }) => name === "safetensors");
  expect(safetensors?.version).toBe(lockedVersion("safetensors"));
});

test("the same lock is written again; with --json it says what it wrote", async () => {
  await lock("pypi", ...asked("pytorch"));
  const first = readFileSync(file, "utf8");
  const { code, stdout } = await lock("pypi", ...asked("pytorch"), "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    file,
    torch: "2.10.0+rocm7.1",
    index: indexes.address("pytorch"),
    numPackages: 10,
  });
  expect(readFileSync(file, "utf8")).toBe(first);
  expect(readdirSync(locks)).toEqual(["rocm7.1.txt"]);
});

test("where the index names no hash, the lock has that of the file itself", async () => {
  expect((await lock("pypi", ...asked("unhashed"))).code).toBe(0);
  const torch = parseLock(file, readFileSync(file, "utf8")).find(({ name }) => name === "torch");
  expect(torch?.hashes).toEqual([indexes.hash("pytorch", "torch", "2.10.0+rocm7.1")]);
});

describe("an existing lock stays as it was, with one message, when", () => {
  const before = `torch==2.10.0+rocm7.1 \\\n    --hash=sha256:${"a".repeat(64)}\n`;
  const isRefused = async (ended: Promise<Ended>, message: RegExp | string) => {
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    const last = stderr.trimEnd().split("\n").at(-1);
    expect(last).toMatch(/^rocmark: /);
    expect(last).toMatch(message);
    expect(readFileSync(file, "utf8")).toBe(before);
    expect(readdirSync(locks)).toEqual(["rocm7.1.txt"]);
  };
  beforeEach(() => writeFileSync(file, before));

  test("PyTorch's index is not reachable", async () => {
    const words = ["--pytorch", "2.10.0+rocm7.1", "--index", "http://127.0.0.1:9/whl/rocm7.1"];
    await isRefused(
      lock("pypi", ...words),
      /http:\/\/127\.0\.0\.1:9\/whl\/rocm7\.1 could not be read: .*onnect.*Run this on a machine that reaches it; no lock was written\./,
    );
  });

  test("it does not have the version, although PyPI has one of that number", async () => {
    rmSync(file);
    writeFileSync(file, before.replace("2.10.0+rocm7.1", "2.11.0+rocm7.1"));
    const { code, stderr } = await lock(
      "pypi",
      "--pytorch",
      "2.11.0+rocm7.1",
      "--index",
      indexes.address("pytorch"),
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /rocmark: .*\/pytorch cannot give torch==2\.11\.0\+rocm7\.1: .*no version of torch==2\.11\.0\+rocm7\.1.*No lock was written\./,
    );
    expect(readFileSync(file, "utf8")).toContain("2.11.0+rocm7.1");
  });

  test("it has no torch at all", async () => {
    await isRefused(
      lock("pypi", ...asked("empty")),
      /\/empty cannot give torch==2\.10\.0\+rocm7\.1: .*torch was not found/,
    );
  });

  test("the usual index lacks a package", async () => {
    await isRefused(
      lock("poor", ...asked("pytorch")),
      /The packages beside PyTorch could not be locked: .*datasets was not found/,
    );
  });

  test("it locks another PyTorch", async () => {
    await isRefused(
      lock("pypi", "--pytorch", "2.9.1+rocm7.1", "--index", indexes.address("pytorch")),
      /rocm7\.1\.txt is there and locks torch==2\.10\.0\+rocm7\.1, not torch==2\.9\.1\+rocm7\.1\. Give another --out/,
    );
  });

  test.each<[string[], string | RegExp]>([
    [["--pytorch", "2.10.0"], '--pytorch: wanted an exact build such as 2.10.0+rocm7.1, found "2.10.0"'],
    [["--pytorch", "2.10.0+cu128"], 'found "2.10.0+cu128"'],
    [["--pytorch", ">=2.10.0+rocm7.1"], "wanted an exact build"],
    [
      ["--pytorch", "2.10.0+rocm7.1", "--python", "3.9"],
      '--python: wanted 3.10 or later, such as 3.12, found "3.9"',
    ],
    [
      ["--pytorch", "2.10.0+rocm7.1", "--index", "ftp://x"],
      "--index: wanted an address that begins with https://",
    ],
    [["--pytorch", "2.10.0+rocm7.1", "--extra-index-url", "x"], "There is no option --extra-index-url"],
    [[], "Missing required argument: --pytorch"],
  ])("the words are %j", async (words, message) => {
    await isRefused(lock("pypi", ...words), message);
  });
});

test("a folder that is not there is refused before anything is written", async () => {
  const out = join(directory, "no", "where.txt");
  const { code, stderr } = await rocmarkIn(directory)("lock", "--pytorch", "2.10.0+rocm7.1", "--out", out);
  expect(code).toBe(2);
  expect(stderr).toContain("cannot be written");
});
