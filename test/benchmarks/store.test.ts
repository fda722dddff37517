import { fork } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunRecord } from "../../benchmarks/record.ts";
import { readRecord, readRecordNames, writeRecord } from "../../benchmarks/store/store.ts";
import { directReadLimit, readSummaries } from "../../benchmarks/store/summaries.ts";
import { indexFile, readThroughIndex } from "../../benchmarks/store/summaryIndex.ts";
import { temporaryDirectory } from "./executors/localNodes.ts";
import { buildEfficiency, buildQuestions, buildRecord, withConfig } from "./recordBuilder.ts";

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const record = buildRecord();
const files = () => readdirSync(directory).sort();

test("a record is written whole, under its id, and nothing else is left", async () => {
  const path = await writeRecord(directory, record);
  expect(path).toBe(join(directory, `${record.id}.json`));
  expect(files()).toEqual([`${record.id}.json`]);
  expect(await readRecord(directory, `${record.id}.json`)).toEqual(record);
});

test("a record is never written twice: the first one stays as it was", async () => {
  await writeRecord(directory, record);
  const before = readFileSync(join(directory, `${record.id}.json`), "utf8");
  await expect(writeRecord(directory, { ...record, seed: 1 })).rejects.toThrow(
    "exists already. A record is written once",
  );
  expect(readFileSync(join(directory, `${record.id}.json`), "utf8")).toBe(before);
  expect(files()).toEqual([`${record.id}.json`]);
});

test("of many writers of one id, one wins", async () => {
  const attempts = await Promise.allSettled(
    Array.from({ length: 20 }, (_, seed) => writeRecord(directory, { ...record, seed })),
  );
  expect(attempts.filter(({ status }) => status === "fulfilled").length).toBe(1);
  expect(files()).toEqual([`${record.id}.json`]);
});

test.each<[string, Partial<RunRecord>]>([
  ["an id that leads out of the store", { id: "../escape" }],
  [
    "an adapter that lies elsewhere",
    { adapter: { path: "/root/adapter", sha256: "a".repeat(64), parameters: 1 } },
  ],
  ["a number that JSON has not", { phases: { total: Number.NaN } }],
])("%s is not written", async (_, part) => {
  await expect(writeRecord(directory, { ...record, ...part } as RunRecord)).rejects.toMatchObject({
    code: "E_RECORD",
  });
  expect(files()).toEqual([]);
});

test("a writer killed at any moment leaves whole records only", async () => {
  for (let i = 0; i < 6; i++) {
    const child = fork(join(import.meta.dirname, "writeForever.ts"), [directory, String(i)], {
      silent: true,
    });
    await once(child, "message");
    await new Promise((done) => setTimeout(done, 5 + i * 7));
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  const { runs, bad } = await readSummaries(directory);
  expect(bad).toEqual([]);
  expect(runs.length).toBeGreaterThanOrEqual(6);
});

test("files that are no record are reported one by one, and the others are read", async () => {
  await writeRecord(directory, record);
  writeFileSync(join(directory, "truncated.json"), '{"schema":1,');
  writeFileSync(join(directory, "other-schema.json"), '{"schema":7}');
  writeFileSync(join(directory, "README.md"), "not looked at");
  mkdirSync(join(directory, "directory.json"));
  symlinkSync("/dev/zero", join(directory, "device.json"));
  const { runs, bad } = await readSummaries(directory);
  expect(runs.map(({ id }) => id)).toEqual([record.id]);
  expect(bad.map(({ file }) => file).sort()).toEqual([
    "device.json",
    "directory.json",
    "other-schema.json",
    "truncated.json",
  ]);
  for (const { error } of bad) expect(error.message).toMatch(/wanted .* found /);
});

test("a directory that is not there is an empty store", async () => {
  expect(await readSummaries(join(directory, "nothing"))).toEqual({ runs: [], bad: [] });
});

describe("the index", () => {
  const many = directReadLimit + 5;
  const fill = (count: number) => {
    for (let i = 0; i < count; i++) {
      const id = `run-${String(i).padStart(6, "0")}`;
      const evaluated =
        i % 50 === 0 ? { evaluation: { tuned: buildQuestions(20, i % 20), untuned: null } } : {};
      const looked =
        i % 2 === 0
          ? {
              efficiency: buildEfficiency({
                achievedTflops: i,
                ceilings: { precision: i % 4 ? "fp16" : "bf16" },
                shares: { memory: i / 1000, communication: 0.01, input: 0.02 },
              }),
              memory: { predictedGiB: 3, peakAllocatedGiB: 2, peakReservedGiB: 4, peakResidentGiB: null },
              phases: { import: 1, compile: 2, train: i, evaluateUntuned: 3, profile: 4, total: 10 + i },
            }
          : {};
      const one = buildRecord({
        id,
        repeat: i,
        arm: i % 2 ? "two-nodes" : "one-node",
        trainSeconds: 10 + i,
        ...evaluated,
        ...looked,
      });
      writeFileSync(
        join(directory, `${id}.json`),
        JSON.stringify(i % 3 ? one : withConfig(one, "lora.rank", 16)),
      );
    }
  };
  const through = async (filter = {}) => {
    const found = await readThroughIndex(directory, await readRecordNames(directory), filter);
    return found ?? expect.fail("no index");
  };

  test("says the same as reading the records", async () => {
    fill(60);
    const direct = await readSummaries(directory);
    expect(await through()).toEqual(direct);
    expect(await through()).toEqual(direct); // from the file this time
    const filter = { experiment: "first-look", scenario: "finetune", stack: "local", arms: ["two-nodes"] };
    expect(await through(filter)).toEqual(await readSummaries(directory, filter));
    expect((await through({ experiment: "first" })).runs).toEqual([]);
  });

  test("is made once there are many records, and follows what is added, changed and removed", async () => {
    fill(many);
    expect((await readSummaries(directory)).runs.length).toBe(many);
    expect(files()).toContain(indexFile);
    await writeRecord(directory, buildRecord({ id: "added" }));
    rmSync(join(directory, "run-000000.json"));
    truncateSync(join(directory, "run-000001.json"), 100);
    const { runs, bad } = await readSummaries(directory);
    expect(runs.length).toBe(many - 1);
    expect(runs.map(({ id }) => id)).toContain("added");
    expect(bad.map(({ file }) => file)).toEqual(["run-000001.json"]);
    const again = await readSummaries(directory);
    expect(again.bad.map(({ error }) => error.message)).toEqual(bad.map(({ error }) => error.message));
  });

  test.each([
    ["no database", (file: string) => writeFileSync(file, "not a database")],
    ["cut short", (file: string) => truncateSync(file, 5000)],
    ["empty", (file: string) => writeFileSync(file, "")],
  ])("that is %s is made anew", async (_, damage) => {
    fill(20);
    const before = await through();
    damage(join(directory, indexFile));
    expect(await through()).toEqual(before);
  });

  test("notices a record that changed without changing its size", async () => {
    fill(3);
    await through();
    const file = join(directory, "run-000001.json");
    writeFileSync(file, readFileSync(file, "utf8").replace('"train":11', '"train":99'));
    utimesSync(file, new Date(), new Date(Date.now() + 5000));
    expect((await through()).runs.find(({ id }) => id === "run-000001")?.trainSeconds).toBe(99);
  });
});
