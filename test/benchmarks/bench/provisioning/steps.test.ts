import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { renderScript } from "../../../../benchmarks/bench/provisioning/script.ts";
import { preparing, skeleton, tenSteps } from "../../../../benchmarks/bench/provisioning/steps.ts";
import { differences, mustBeDone } from "../../../../benchmarks/bench/provisioning/verify.ts";

let root: string;
beforeEach(() => {
  // A name that a shell would split.
  root = mkdtempSync(join(tmpdir(), "bench it's "));
  for (const path of skeleton) mkdirSync(join(root, path), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const run = (steps = tenSteps) =>
  execFileSync("/bin/sh", ["-s"], { input: renderScript(root, steps), encoding: "utf8", stdio: "pipe" });

test("there are ten steps, and the script does them all", async () => {
  expect(tenSteps).toHaveLength(10);
  expect(await differences(root)).toHaveLength(9);
  expect(run()).toBe("prepared\n");
  expect(await differences(root)).toEqual([]);
});

test("the script again leaves every file as it is", () => {
  run();
  const inode = () => statSync(join(root, "etc/apt/keyrings/rocm.asc")).ino;
  const before = inode();
  run();
  expect(inode()).toBe(before);
});

test("the script mends a file's content and mode", async () => {
  run();
  writeFileSync(join(root, "etc/apt/preferences.d/rocm-pin-600"), "Package: none\n");
  chmodSync(join(root, "etc/rocmark/node.json"), 0o666);
  expect(await differences(root)).toEqual([
    "etc/rocmark/node.json: wanted mode 0640, found 0666",
    "etc/apt/preferences.d/rocm-pin-600 has another content",
  ]);
  run();
  expect(await differences(root)).toEqual([]);
});

test("the check fails on a node that is not prepared, and with it the script", () => {
  run(preparing);
  writeFileSync(join(root, "etc/sysctl.d/90-rocmark.conf"), "");
  expect(() => run(tenSteps.slice(8))).toThrow();
});

test("a side that leaves a node unfinished is named with the node and what is missing", async () => {
  run(preparing);
  const host = { name: "node-07", address: "", port: 0, user: "", hostKey: "", root };
  await expect(mustBeDone("pyinfra", [host])).rejects.toThrow(
    "pyinfra left node-07 unfinished: etc/rocmark/prepared is missing.",
  );
});
