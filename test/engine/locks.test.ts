import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  isStale,
  lockFolder,
  type Machine,
  parseLock,
  parseProgram,
  readLocks,
  thisMachine,
} from "../../engine/locks.ts";
import { file, folder } from "./stubs.ts";

const written = `{"pid":25167,"username":"ada","hostname":"lab","timestamp":"2026-11-24T01:18:58.061502982Z"}`;
const lock = {
  pid: 25167,
  username: "ada",
  hostname: "lab",
  timestamp: new Date("2026-11-24T01:18:58.061Z"),
};

const machine = (programs: Record<number, string>): Machine => ({
  hostname: "lab",
  booted: new Date("2026-11-24T00:00:00Z"),
  programOf: async (pid) => programs[pid] ?? null,
});

test.each([
  [written, lock],
  [written.slice(0, 40), null],
  ["", null],
  ["null", null],
  [`{"pid":0,"hostname":"lab","timestamp":"2026-11-24T01:18:58Z"}`, null],
  [`{"pid":-1,"hostname":"lab","timestamp":"2026-11-24T01:18:58Z"}`, null],
  [`{"pid":1,"timestamp":"2026-11-24T01:18:58Z"}`, null],
  [`{"pid":1,"hostname":"lab","timestamp":"yesterday"}`, null],
])("lock file %j", (text, expected) => expect(parseLock(text)).toEqual(expected));

test("no text breaks the parser", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseLock(text)));
});

test.each([
  ["of a Pulumi that runs is held", lock, { 25167: "/usr/bin/pulumi" }, false],
  ["of a process that is gone is stale", lock, {}, true],
  ["whose process id another program has taken is stale", lock, { 25167: "vim" }, true],
  [
    "from before the machine was started is stale",
    { ...lock, timestamp: new Date(0) },
    { 25167: "pulumi" },
    true,
  ],
  ["of another host may be held", { ...lock, hostname: "elsewhere" }, {}, false],
  ["that was cut off while written is stale", null, {}, true],
])("a lock %s", async (_title, found, programs, expected) => {
  expect(await isStale(found, machine(programs))).toBe(expected);
});

test("tells stale locks from held ones, and reads no other file", async () => {
  const root = folder();
  expect(await readLocks(root, machine({}))).toEqual({ stale: 0, holders: [] });
  file(join(lockFolder(root), "a.json"), written);
  file(join(lockFolder(root), "a.json.attrs"), "{}");
  file(join(lockFolder(root), "b.json"), written.replace("25167", "7"));
  expect(await readLocks(root, machine({ 7: "pulumi" }))).toEqual({
    stale: 1,
    holders: ["process 7 of ada on lab since 2026-11-24T01:18:58.061Z"],
  });
});

test("asks this machine for a program's name", async () => {
  expect(await thisMachine().programOf(process.pid)).toMatch(/\S/);
  expect(await thisMachine().programOf(2 ** 22 + 1)).toBeNull();
});

test.each([
  ["Sl+  pulumi\n", "pulumi"],
  ["S    /opt/homebrew/Cellar/pulumi/3.259.0/bin/pulumi\n", "/opt/homebrew/Cellar/pulumi/3.259.0/bin/pulumi"],
  ["Zs   pulumi <defunct>\n", null],
  ["", null],
])("ps line %j is program %j", (line, expected) => expect(parseProgram(line)).toBe(expected));
