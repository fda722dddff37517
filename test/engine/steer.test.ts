import { expect, test } from "vitest";
import { descendants, steer } from "../../engine/steer.ts";

test("finds everything below a process, whatever the order of the listing", () => {
  const listing = "  PID  PPID\n  40 30\n  30 10\n  20 10\n  10 1\n  99 1\n  50 40\n  0 0\n";
  expect(descendants(listing, 10).sort()).toEqual([10, 20, 30, 40, 50]);
  expect(descendants("", 10)).toEqual([10]);
});

const program = (script: string) => ({
  command: "/bin/sh",
  args: ["-c", script],
  cwd: "/",
  env: process.env,
  onInterrupt: () => {},
});

test.each([
  ["exit 0", 0],
  ["exit 9", 9],
  ["kill -KILL $$", 137],
])("%j gives exit code %i", async (script, exitCode) => expect(await steer(program(script))).toBe(exitCode));

test("a program that is not there is an error", async () => {
  await expect(steer({ ...program(""), command: "/nowhere/pulumi" })).rejects.toThrow("ENOENT");
});

test("leaves no listener behind", async () => {
  const before = process.listenerCount("SIGINT");
  await steer(program("exit 0"));
  expect(process.listenerCount("SIGINT")).toBe(before);
});
