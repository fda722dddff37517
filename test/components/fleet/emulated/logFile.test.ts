import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLog } from "../../../../components/fleet/emulated/logFile.ts";

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rocmark-log-"));
  file = join(directory, "log");
});

afterEach(() => rmSync(directory, { recursive: true }));

test("an event is one line with its time, whatever a client put into it", () => {
  openLog(file)("user a\nb\u001b[31m said \u00e9");
  expect(readFileSync(file, "utf8")).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z user a\?b\?\[31m said \?\n$/);
});

test("the log and its predecessor hold 1 MiB each at most, and a line 500 characters", () => {
  const log = openLog(file);
  writeFileSync(file, "x".repeat((1 << 20) + 1));
  log("y".repeat(10_000));
  log("z");
  expect(statSync(`${file}.1`).size).toBe((1 << 20) + 1);
  expect(
    readFileSync(file, "utf8")
      .split("\n")
      .map((line) => line.length),
  ).toEqual([525, 26, 0]);
});

test("a log that cannot be written is no failure", () => {
  openLog(join(directory, "missing", "log"))("event");
});
