import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { workspaceFileName } from "../../engine/pulumiFiles.ts";
import { checkout, file, folder, script, stubEngine } from "./stubs.ts";

/** A checkout with an engine and a command line that only tell what they were called with; `pulumi up` does {@link up}. */
function machine(up = "") {
  const [root, home, bin] = [checkout(), folder(), folder()];
  stubEngine(
    bin,
    "3.259.0",
    `echo "pulumi $*" >> '${home}/calls'\n[ "$1" = up ] && { ${up || ":"}; }\nexit 0`,
  );
  script(
    join(root, "benchmarks", "rocmark"),
    `echo "rocmark $1" >> '${home}/calls'; [ "$1" != compare ] || exit 3`,
  );
  const node = join(root, "node_modules", ".bin", "node");
  const env = {
    PATH: `${bin}:/usr/bin:/bin`,
    PULUMI_HOME: home,
    HOME: home,
    PULUMI_BACKEND_URL: "s3://not-for-start",
  };
  const words = [join(root, "engine", "start.ts")];
  const start = () => spawnSync(node, words, { cwd: root, env, encoding: "utf8" });
  const calls = () =>
    readFileSync(join(home, "calls"), "utf8")
      .replace(/ --non-interactive.*/g, "")
      .trim()
      .split("\n");
  return { root, home, node, env, words, start, calls };
}

const state = (root: string, path: string) => join(root, ".rocmark", "state", ".pulumi", path);
const select = "pulumi stack select --create local";
const update = "pulumi up --yes --skip-preview";
const showing = ["rocmark compare", "rocmark report"];

/** The stack as an earlier start left it. */
function made(root: string, home: string, checkpoint = "{}"): void {
  file(state(root, "stacks/rocmark/local.json"), checkpoint);
  file(join(root, ".rocmark", "passphrase"), "secret\n");
  const stacks = { [`file://${encodeURI(root)}/.rocmark/state`]: "organization/rocmark/local" };
  file(
    join(home, "workspaces", workspaceFileName("rocmark", join(root, "Pulumi.yaml"))),
    JSON.stringify({ stacks }),
  );
}

test("makes the stack, updates, compares and reports, then says what next", () => {
  const { start, calls } = machine();
  const { status, stdout } = start();
  expect(calls()).toEqual([select, update, ...showing]);
  expect(status).toBe(0);
  expect(stdout).toContain("npx pulumi destroy --yes");
});

test("a stack that stands costs no process but the update", () => {
  const { root, home, start, calls } = machine();
  made(root, home);
  expect(start().status).toBe(0);
  expect(calls()).toEqual([update, ...showing]);
});

test("removes the lock of a run that was killed, and has its half-made resources made again", () => {
  const { root, home, start, calls } = machine();
  const urn = "urn:pulumi:local::rocmark::command:local:Command::node-0";
  const pending = [{ type: "creating", resource: { urn } }];
  made(root, home, JSON.stringify({ checkpoint: { latest: { pending_operations: pending } } }));
  file(state(root, "locks/organization/rocmark/local/a.json"), "");
  const { stdout } = start();
  expect(calls().map((call) => call.split(" ").slice(0, 2).join(" "))).toEqual([
    "pulumi cancel",
    "pulumi refresh",
    "pulumi up",
    ...showing,
  ]);
  expect(stdout).toContain("while it made node-0; the update makes them again");
});

test("waits for no other Pulumi: it says who holds the stack", () => {
  const { root, home, start } = machine();
  made(root, home);
  const lock = { pid: 7, username: "ada", hostname: "elsewhere", timestamp: "2026-11-24T01:18:58Z" };
  file(state(root, "locks/organization/rocmark/local/a.json"), JSON.stringify(lock));
  const { status, stderr } = start();
  expect([status, stderr]).toEqual([1, expect.stringContaining("process 7 of ada on elsewhere")]);
});

test("a lost passphrase is said before anything is touched", () => {
  const { root, start } = machine();
  file(state(root, "stacks/rocmark/local.json"), "{}");
  const { status, stderr } = start();
  expect([status, stderr]).toEqual([1, expect.stringContaining("[E_PASSPHRASE]")]);
});

test("a new passphrase takes the place of one whose stack was thrown away", () => {
  const { root, start } = machine();
  const config = file(join(root, "stacks", "Pulumi.local.yaml"), "config: {}\nencryptionsalt: v1:old\n");
  start();
  expect(readFileSync(config, "utf8")).toBe("config: {}\n");
});

test("a failed update is told from a failed comparison, and neither is hidden", () => {
  const failed = machine("exit 9");
  const { status, stderr } = failed.start();
  expect([status, stderr]).toEqual([1, expect.stringContaining("pulumi up ended with exit code 9")]);
  expect(failed.calls()).toEqual([select, update]);
});

test("Ctrl-C reaches Pulumi once however often the terminal and npm pass it on, and it is waited for", async () => {
  const { home, node, env, words, root } = machine(
    `trap 'echo interrupt >> "$HOME/calls"; sleep 0.5; echo cleaned >> "$HOME/calls"; exit 1' INT
     echo ready; while :; do sleep 0.1; done`,
  );
  const child = spawn(node, words, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (data) => {
    said += data;
    if (String(data).includes("ready")) for (let time = 0; time < 3; time += 1) child.kill("SIGINT");
  });
  child.stderr.on("data", (data) => {
    said += data;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  expect(status).toBe(130);
  expect(readFileSync(join(home, "calls"), "utf8").split("\n").slice(2)).toEqual([
    "interrupt",
    "cleaned",
    "",
  ]);
  expect(said).toContain("`npm start` goes on from here");
});
