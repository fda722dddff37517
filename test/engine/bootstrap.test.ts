import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { isInstalled, nodeProblem, pythonProblem } from "../../engine/bootstrap.mjs";
import { file, folder, project, script } from "./stubs.ts";

test.each([
  ["18.20.4", true],
  ["9.0.0", true],
  ["20.0.0", false],
  ["24.21.0", false],
])("Node %s is too old: %s", (version, tooOld) => {
  expect(nodeProblem(version)?.startsWith(`Node 20 or later is wanted, this is ${version} `) ?? false).toBe(
    tooOld,
  );
});

test.each([
  [0, "3.11.7\n", null],
  [3, "3.9.2\n", "Python 3.9.2 was found"],
  [4, "3.11.7\n", "python3-venv"],
  [127, "", "none was found on the PATH"],
  [null, "", "none was found on the PATH"],
])("Python that ends with %s after %j", (status, said, expected) => {
  const problem = pythonProblem(status, said);
  if (expected === null) expect(problem).toBeNull();
  else expect(problem).toContain(expected);
});

const lock = (packages: object) => JSON.stringify({ packages: { "": { version: "9" }, ...packages } });
test.each([
  ["the same", { "node_modules/a": { version: "1.0.0" } }, true],
  ["another version", { "node_modules/a": { version: "1.0.1" } }, false],
  ["not there", {}, false],
  [
    "more than asked",
    { "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "1.0.0" } },
    true,
  ],
])("an installation that is %s", (_title, installed, expected) => {
  const optional = { "node_modules/only-elsewhere": { version: "1.0.0", optional: true } };
  const wanted = lock({ "node_modules/a": { version: "1.0.0" }, ...optional });
  expect(isInstalled(wanted, JSON.stringify({ packages: installed }))).toBe(expected);
});

/** A checkout whose npm installs, with {@link npm}, a Node that tells what it was called with. */
function clone(npm: string) {
  const [root, bin] = [folder(), folder()];
  symlinkSync(process.execPath, join(bin, "node"));
  file(join(root, "engine", "bootstrap.mjs"), readFileSync(join(project, "engine", "bootstrap.mjs"), "utf8"));
  file(join(root, "package-lock.json"), lock({ "node_modules/a": { version: "1.0.0" } }));
  script(join(bin, "npm"), `echo "npm $*" >> '${root}/calls'\n${npm}`);
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: root };
  const words = (args: string[]) => [join(root, "engine", "bootstrap.mjs"), ...args];
  const run = (...args: string[]) =>
    spawnSync(join(bin, "node"), words(args), { env, cwd: "/", encoding: "utf8" });
  return { root, env, node: join(bin, "node"), words, run };
}

const installs = `mkdir -p node_modules/.bin
printf '%s' '{"packages":{"node_modules/a":{"version":"1.0.0"}}}' > node_modules/.package-lock.json
printf '#!/bin/sh\\necho "$@"; command -v node; exit 5\\n' > node_modules/.bin/node; chmod +x node_modules/.bin/node`;

test("installs once, then goes on with the Node that was installed and gives its exit code", () => {
  const { root, run } = clone(installs);
  const bin = join(root, "node_modules", ".bin");
  for (let time = 0; time < 2; time += 1)
    expect(run("setup", "a b")).toMatchObject({
      status: 5,
      stdout: `${root}/engine/setup.ts a b\n${bin}/node\n`,
    });
  expect(readFileSync(join(root, "calls"), "utf8")).toBe(
    "npm ci --no-audit --no-fund --no-progress --loglevel=error\n",
  );
});

test("installs anew when the lock asks for something else", () => {
  const { root, run } = clone(installs);
  expect(run("install")).toMatchObject({ status: 0, stdout: "" });
  file(join(root, "package-lock.json"), lock({ "node_modules/a": { version: "2.0.0" } }));
  run("install");
  expect(readFileSync(join(root, "calls"), "utf8").split("\n")).toHaveLength(3);
});

test("shows npm's errors and says that nothing else was changed", () => {
  const { run } = clone("echo noise; echo 'npm error 404' >&2; exit 1");
  const { status, stdout, stderr } = run("setup");
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/npm error 404\n.*npm ci ended with exit code 1/s);
});

test("says so when npm was told to run no install scripts", () => {
  const { run } = clone("mkdir -p node_modules/.bin");
  expect(run("setup").stderr).toContain("npm ci --ignore-scripts=false");
});

test("says what a clean machine lacks", () => {
  const { node, words } = clone(installs);
  const env = { PATH: dirname(node) };
  const start = spawnSync(node, words(["start"]), { env, encoding: "utf8" });
  expect([start.status, start.stderr]).toEqual([1, expect.stringContaining("none was found on the PATH")]);
  const setup = spawnSync(node, words(["setup"]), { env: { PATH: "/nowhere" }, encoding: "utf8" });
  expect([setup.status, setup.stderr]).toEqual([1, expect.stringContaining("npm is needed")]);
});

test.each([[[]], [["run"]]])("called with %j it says how to call it", (args) => {
  const { status, stderr } = clone("").run(...args);
  expect([status, stderr]).toEqual([2, expect.stringContaining("start|test|setup|install")]);
});

test("an interrupted installation ends npm and exits with 130", async () => {
  const { root, env, node, words } = clone(`trap 'echo ended >> "${"$HOME"}/calls"; exit 1' INT
touch "$HOME/ready"; while :; do sleep 0.1; done`);
  const child = spawn(node, words(["setup"]), { env, stdio: "ignore" });
  await expect.poll(() => existsSync(join(root, "ready")), { timeout: 20_000 }).toBe(true);
  child.kill("SIGINT");
  const status = await new Promise((resolve) => child.on("close", resolve));
  expect(status).toBe(130);
  expect(readFileSync(join(root, "calls"), "utf8")).toContain("ended");
});
