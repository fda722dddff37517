import { expect, test } from "vitest";
import { thisMachine } from "../../engine/locks.ts";
import { capture, lastLines, signalExitCode } from "../../engine/processes.ts";

const sh = (script: string, options = {}) => capture("/bin/sh", ["-c", script], options);

test("captures both outputs and the exit code", async () => {
  expect(await sh("echo out; echo err >&2; exit 4")).toEqual({
    exitCode: 4,
    stdout: "out\n",
    stderr: "err\n",
    problem: null,
  });
});

test("gives whole lines of standard error as they come, the last unfinished one left out", async () => {
  const lines: string[] = [];
  await sh("printf 'a\\nb' >&2; printf 'c\\nd' >&2", { onStderrLine: (line: string) => lines.push(line) });
  expect(lines).toEqual(["a", "bc"]);
});

test("a program that is not there is an outcome, not a throw", async () => {
  expect(await capture("/nowhere/go", [])).toMatchObject({
    exitCode: 127,
    problem: expect.stringContaining("ENOENT"),
  });
});

test("a time limit ends what the program started too", async () => {
  const outcome = await sh("sleep 600 & echo $!; wait", { timeoutSeconds: 0.2 });
  expect(outcome).toMatchObject({ exitCode: 137, problem: "it did not end within 0.2 s" });
  // What is killed closes its files before it is gone.
  await expect.poll(() => thisMachine().programOf(Number(outcome.stdout)), { timeout: 5_000 }).toBeNull();
});

test("an abort before the start ends it at once", async () => {
  const outcome = await sh("exec sleep 600", { signal: AbortSignal.abort() });
  expect(outcome.exitCode).toBe(130);
});

test("exit codes of signals are a shell's", () => {
  expect([signalExitCode("SIGINT"), signalExitCode("SIGKILL"), signalExitCode("SIGTERM")]).toEqual([
    130, 137, 143,
  ]);
});

test.each([
  ["a\nb\nc\n", 2, "b\nc"],
  ["a", 3, "a"],
  ["", 3, ""],
])("the last lines of %j", (text, count, expected) => expect(lastLines(text, count)).toBe(expected));
