import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Check, judgeVersion, runChecks } from "../../engine/checks.ts";
import { renderChecks } from "../../engine/doctor.ts";
import { folder, script, stubEngine } from "./stubs.ts";

test.each([
  ["Python 3.11.7", "3.10.0", { state: "ok", found: "3.11.7" }],
  ["Python 3.9.18", "3.10.0", { state: "old", found: "3.9.18" }],
  ["hello", "3.10.0", { state: "missing", found: "no version" }],
  [null, "3.10.0", { state: "missing", found: "none on the PATH" }],
])("%j, wanted %s", (said, oldest, expected) => expect(judgeVersion(said, oldest)).toEqual(expected));

/** A PATH that holds what a test puts there and a shell. */
function machine(programs: Record<string, string>) {
  const bin = folder();
  symlinkSync("/bin/sh", join(bin, "sh"));
  for (const [name, body] of Object.entries(programs)) script(join(bin, name), body);
  const env = {
    PATH: bin,
    HOME: bin,
    XDG_CACHE_HOME: join(bin, "not", "yet"),
    PULUMI_HOME: join(bin, "home"),
  };
  return { bin, env };
}

const states = (checks: readonly Check[]) =>
  Object.fromEntries(checks.map(({ name, state }) => [name, state]));
const whole = { npm: "echo 11.0.0", python3: "echo Python 3.12.1", git: "echo git version 2.39.5" };

test("a machine with everything is ready, and Go is not asked for", async () => {
  const { bin, env } = machine(whole);
  stubEngine(bin);
  const checks = await runChecks(env);
  expect(Object.keys(states(checks))).not.toContain("go");
  expect(checks.filter(({ name, state }) => state !== "ok" && name !== "disk")).toEqual([]);
  expect(checks.every(({ state, remedy }) => (state === "ok") === (remedy === ""))).toBe(true);
});

test("what is missing or old is told apart, each with a remedy", async () => {
  const { env } = machine({ python3: `[ "$1" = -c ] && exit 1; echo Python 3.8.1`, npm: "echo 8.19.4" });
  const checks = await runChecks(env);
  expect(states(checks)).toMatchObject({
    node: "ok",
    npm: "old",
    python: "old",
    "python venv": "missing",
    git: "missing",
    "pulumi 3.259.0": "missing",
    "pulumi-language-nodejs": "missing",
  });
  expect(checks.filter(({ state, remedy }) => state !== "ok" && remedy === "")).toEqual([]);
});

test("a Go that can build the engine is looked for where there is no engine", async () => {
  const { env } = machine({ ...whole, go: "echo go version go1.26.8 linux/amd64" });
  expect(states(await runChecks(env))).toMatchObject({ "pulumi 3.259.0": "missing", go: "ok" });
});

test("the table says what to do, and that what set-up gets is optional", () => {
  const checks: Check[] = [
    { name: "node", state: "ok", found: "24.21.0", remedy: "", needed: true },
    {
      name: "python",
      state: "old",
      found: "3.9.1",
      remedy: "install Python 3.10 or later as python3",
      needed: true,
    },
    { name: "go", state: "missing", found: "none", remedy: "only where needed", needed: false },
  ];
  expect(renderChecks(checks)).toMatchInlineSnapshot(`
    "node    ok       24.21.0
    python  old      3.9.1
    go      missing  none

    This machine is not ready yet.
      python: install Python 3.10 or later as python3
      go (optional): only where needed"
  `);
  expect(renderChecks(checks.slice(0, 1))).toContain("This machine is ready for npm start.");
});
