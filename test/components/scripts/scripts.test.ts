import { execFile, execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as tar from "tar";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type EnvironmentScriptArgs,
  renderEnvironment,
} from "../../../components/scripts/environmentScript.ts";
import { renderFacts } from "../../../components/scripts/factsScript.ts";
import { mayOwn, renderRemoval } from "../../../components/scripts/removalScript.ts";

const run = promisify(execFile);
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "rocmark-scripts-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const lockDigest = "a".repeat(64);
const bundleDigest = "b".repeat(64);

const args = (): EnvironmentScriptArgs => ({
  root: join(home, "it's a root"),
  environments: join(home, "environments"),
  uvCache: null,
  lockDigest,
  bundleDigest,
  minFreeDiskGiB: 0,
});

// Stands in for python3: `-m venv` makes a folder whose own python and uv only write down what they were asked.
function fakePython(exitOf: { venv?: number; uv?: number; version?: string } = {}) {
  const bin = join(home, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(
    join(bin, "python3"),
    `#!/bin/sh
case "$*" in
  -c*) exit ${exitOf.version === undefined ? 0 : 1} ;;
  --version) echo "Python ${exitOf.version ?? "3.12.0"}" ;;
  "-m venv "*) [ ${exitOf.venv ?? 0} = 0 ] || exit 1
    mkdir -p "$3/bin"; echo venv >> ${home}/log
    printf '#!/bin/sh\\nexit 0\\n' > "$3/bin/python"
    printf '#!/bin/sh\\nsleep 0.3; echo uv "$@" >> ${home}/log; exit ${exitOf.uv ?? 0}\\n' > "$3/bin/uv"
    chmod +x "$3/bin/python" "$3/bin/uv" ;;
esac
`,
  );
  chmodSync(join(bin, "python3"), 0o755);
  return { ...process.env, PATH: `${bin}:${process.env.PATH}` };
}

async function placeBundle(root = args().root) {
  mkdirSync(join(home, "trainer", "locks"), { recursive: true });
  writeFileSync(join(home, "trainer", "locks", "default.txt"), "");
  mkdirSync(join(root, "bundles"), { recursive: true });
  await tar.create({ file: join(root, "bundles", `${bundleDigest.slice(0, 16)}.tar`), cwd: home }, [
    "trainer",
  ]);
}

const bash = (script: string, env: NodeJS.ProcessEnv) => run("bash", ["-c", script], { env });

test("the environment script prints where Python and the trainer are, and installs once", async () => {
  await placeBundle();
  const env = fakePython();
  const first = await bash(renderEnvironment(args()), env);
  const second = await bash(renderEnvironment(args()), env);

  const answer = {
    python: join(home, "environments/aaaaaaaaaaaaaaaa/bin/python"),
    bundle: join(args().root, "bundles/bbbbbbbbbbbbbbbb"),
  };
  expect(JSON.parse(first.stdout)).toEqual(answer);
  expect(JSON.parse(second.stdout)).toEqual(answer);
  expect(readFileSync(join(home, "log"), "utf8").match(/^venv$/gm)).toHaveLength(1);
  expect(second.stderr).toBe("");
});

test("four nodes that share environments install one, and leave no lock", async () => {
  const env = fakePython();
  const roots = [0, 1, 2, 3].map((index) => join(home, `node-${index}`));
  for (const root of roots) await placeBundle(root);
  await Promise.all(roots.map((root) => bash(renderEnvironment({ ...args(), root }), env)));
  expect(readFileSync(join(home, "log"), "utf8").match(/^uv /gm)).toHaveLength(1);
  expect(existsSync(join(home, "environments/aaaaaaaaaaaaaaaa.lock"))).toBe(false);
});

test("a lock whose holder is dead is taken over", async () => {
  await placeBundle();
  mkdirSync(join(home, "environments/aaaaaaaaaaaaaaaa.lock"), { recursive: true });
  const dead = execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }).trim();
  writeFileSync(join(home, "environments/aaaaaaaaaaaaaaaa.lock/pid"), dead);
  const { stdout } = await bash(renderEnvironment(args()), fakePython());
  expect(JSON.parse(stdout).python).toContain("/bin/python");
});

test("an installation that was cut is done anew", async () => {
  await placeBundle();
  await expect(bash(renderEnvironment(args()), fakePython({ uv: 1 }))).rejects.toMatchObject({
    code: 15,
    stderr: expect.stringContaining("A hash mismatch means that the index served another file"),
  });
  expect(existsSync(join(home, "environments/aaaaaaaaaaaaaaaa/.complete"))).toBe(false);
  await bash(renderEnvironment(args()), fakePython());
  expect(existsSync(join(home, "environments/aaaaaaaaaaaaaaaa/.complete"))).toBe(true);
});

test.each([
  [
    "an old Python",
    { version: "3.8.10" },
    {},
    10,
    "Python 3.10 or later is wanted, Python 3.8.10 was found.",
  ],
  ["no venv module", { venv: 1 }, {}, 11, "install python3-venv"],
  ["too little disk", {}, { minFreeDiskGiB: 9_999_999 }, 12, "9999999 GiB of free disk are wanted"],
])("%s is refused with a code of its own", async (_title, python, change, code, message) => {
  await placeBundle();
  await expect(bash(renderEnvironment({ ...args(), ...change }), fakePython(python))).rejects.toMatchObject({
    code,
    stderr: expect.stringContaining(message),
  });
});

test("a part of a GiB is free disk that can be wanted", async () => {
  await placeBundle();
  await bash(renderEnvironment({ ...args(), minFreeDiskGiB: 0.001 }), fakePython());
  expect(existsSync(join(home, "environments/aaaaaaaaaaaaaaaa/.complete"))).toBe(true);
});

test("a bundle that does not unpack is refused and leaves no half of it", async () => {
  mkdirSync(join(args().root, "bundles"), { recursive: true });
  writeFileSync(join(args().root, "bundles", "bbbbbbbbbbbbbbbb.tar"), "no archive");
  await expect(bash(renderEnvironment(args()), fakePython())).rejects.toMatchObject({ code: 16 });
  expect(existsSync(join(args().root, "bundles", "bbbbbbbbbbbbbbbb"))).toBe(false);
});

test("removal takes what rocmark made and leaves what it did not", async () => {
  const root = join(home, "node");
  mkdirSync(join(root, "runs", "x"), { recursive: true });
  writeFileSync(join(root, "mine.txt"), "");
  await bash(renderRemoval({ root }), process.env);
  expect(existsSync(join(root, "runs"))).toBe(false);
  expect(existsSync(join(root, "mine.txt"))).toBe(true);
  rmSync(join(root, "mine.txt"));
  await bash(renderRemoval({ root }), process.env);
  await bash(renderRemoval({ root }), process.env);
  expect(existsSync(root)).toBe(false);
});

test.each([
  ["/opt/rocmark/node", true],
  ["/opt", false],
  ["/", false],
  ["relative/path", false],
  ["/opt/../etc/x", false],
  ["/opt//x", false],
  ["/opt/x/", false],
])("whether rocmark may own %s: %s", (root, allowed) => {
  expect(mayOwn(root)).toBe(allowed);
});

test("the facts script runs under plain sh and detects no GPU where the kernel lists none", async () => {
  const { stdout } = await run("sh", ["-c", renderFacts({ root: join(home, "a root") })]);
  expect(stdout).toMatch(/^cores=\d+$/m);
  expect(stdout.match(/^accelerator=(rocm|cuda|cpu)$/gm)).toHaveLength(1);
});
