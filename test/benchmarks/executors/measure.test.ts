import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { renderProcesses } from "../../../benchmarks/executors/scripts.ts";
import { executeRun } from "../../../benchmarks/executors/ssh.ts";
import { type Measured, measure } from "../../../benchmarks/measure.ts";
import { type ScheduledRun, scheduleRuns } from "../../../benchmarks/schedule.ts";
import { readRecord } from "../../../benchmarks/store/store.ts";
import { newRunId, planRun } from "../../../benchmarks/trainerConfig.ts";
import { localDialer, localExperiment, temporaryDirectory } from "./localNodes.ts";

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Seen {
  lines: string[];
  measured: Measured[];
}

async function run(
  settings: Parameters<typeof localExperiment>[1] = {},
  signal = new AbortController().signal,
) {
  const experiment = localExperiment(directory, settings);
  const seen: Seen = { lines: [], measured: [] };
  const measured = await measure(experiment, {
    dialer: localDialer(),
    signal,
    onRun: () => undefined,
    onMeasured: (one) => seen.measured.push(one),
    onProgress: (line) => seen.lines.push(line),
  });
  return { ...seen, measured, experiment };
}

const stored = () => readdirSync(join(directory, "records")).filter((name) => name.endsWith(".json"));

async function leftProcesses(): Promise<string> {
  const connection = await localDialer().connect(localExperiment(directory).nodes[0] as never);
  return (await connection.exec(renderProcesses(directory))).stdout;
}

test("each arm leaves a record and an adapter of its own in the store, and gives its nodes back", async () => {
  const { measured, lines, experiment } = await run({ repeats: 2 });
  expect(measured.map(({ record }) => record.outcome)).toEqual(["ok", "ok", "ok", "ok"]);
  expect(measured.map(({ record }) => record.arm).sort()).toEqual([
    "one-node",
    "one-node",
    "two-nodes",
    "two-nodes",
  ]);
  expect(stored().length).toBe(4);
  for (const { record, path } of measured) {
    expect(record.experiment).toBe("first-look/timing");
    expect(await readRecord(join(directory, "records"), `${record.id}.json`)).toEqual(record);
    expect(path).toBe(join(directory, "records", `${record.id}.json`));
    const weights = join(directory, "records", record.adapter?.path ?? "", "adapter_model.safetensors");
    expect(readFileSync(weights, "utf8")).toBe(`weights of ${record.id}`);
  }
  // Colours of a node do not reach our terminal.
  expect(lines).toContain("step 1 of 2 red");
  for (const { root } of experiment.nodes) expect(existsSync(join(root, "runs", ".lock"))).toBe(false);
});

test("two nodes start together under torchrun with one address and port; one node alone needs none", async () => {
  const { measured, experiment } = await run();
  const words = (node: number, arm: string) => {
    const id = measured.find(({ record }) => record.arm === arm)?.record.id as string;
    return JSON.parse(
      readFileSync(join(experiment.nodes[node]?.root as string, "runs", id, "words.json"), "utf8"),
    );
  };
  const torchrun =
    "-m torch.distributed.run --nnodes 2 --node-rank 1 --nproc-per-node 1 --master-addr 127.0.0.1 --master-port 45678";
  expect(words(1, "two-nodes").words.join(" ")).toContain(`${torchrun} -m trainer train --config`);
  expect(words(0, "one-node")).toMatchObject({ threads: "1", words: expect.arrayContaining(["trainer"]) });
  expect(words(0, "one-node").words.slice(0, 3)).toEqual(["-m", "trainer", "train"]);
});

test.each([
  ["crash", "failed", "E_TRAINER", "exit code 3.\nstep 1 of 2 red\nTraceback: boom"],
  ["truncated", "failed", "E_RECORD", "it may be truncated"],
  ["other-id", "failed", "E_TRAINER", "is of another run"],
  ["wrong-digest", "failed", "E_ADAPTER", `wanted sha256 ${"0".repeat(64)}`],
  ["diverged", "diverged", "E_DIVERGED", "loss"],
])(
  "a run that ends in %s is a record with outcome %s, and the next arm is measured",
  async (behaviour, outcome, code, message) => {
    const { measured } = await run({ behaviour });
    expect(measured.length).toBe(2);
    for (const { record } of measured) {
      expect(record).toMatchObject({ outcome, adapter: null, error: { code } });
      expect(record.error?.message).toContain(message);
    }
    expect(stored().length).toBe(2);
  },
);

test("a run that hangs is ended at its time limit and recorded as timeout; no process is left", async () => {
  const { measured } = await run({ behaviour: "hang", timeoutSeconds: 1 });
  expect(measured.map(({ record }) => record.outcome)).toEqual(["timeout", "timeout"]);
  expect(measured[0]?.record.error?.message).toBe(
    'The run did not end within timeoutSeconds 1 of scenario "timing". It last said: step 1 of 2 red',
  );
  expect(await leftProcesses()).toBe("");
});

test("a port that was taken meanwhile is tried again", async () => {
  const { measured, lines } = await run({ behaviour: "port" });
  expect(lines).toContain("port 45678 was taken meanwhile; trying another one");
  expect(measured.find(({ record }) => record.arm === "two-nodes")?.record.outcome).toBe("ok");
});

test("when another node fails, the first one is ended and the record says which failed and how", async () => {
  const experiment = localExperiment(directory, { behaviour: "other-rank-fails" });
  const scheduled = scheduleRuns(experiment).find(({ arm }) => arm.name === "two-nodes") as ScheduledRun;
  const record = await executeRun(planRun(experiment, scheduled, newRunId()), localDialer(), {
    recordsDirectory: experiment.recordsDirectory,
    failureGraceSeconds: 0.1,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  expect(record).toMatchObject({ outcome: "failed", error: { code: "E_TRAINER" } });
  expect(record.error?.message).toBe(
    'Node "node-1": the trainer ended with exit code 1.\nstep 1 of 2 red\nrank 1: no memory',
  );
  expect(await leftProcesses()).toBe("");
});

test("an abort ends the run on its nodes, writes no record of it and gives the nodes back", async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error("interrupted")), 500);
  await expect(run({ behaviour: "hang" }, abort.signal)).rejects.toThrow("interrupted");
  expect(existsSync(join(directory, "records")) ? stored() : []).toEqual([]);
  expect(await leftProcesses()).toBe("");
  expect(existsSync(join(directory, "node-0", "it's a root", "runs", ".lock"))).toBe(false);
});

test("a node that another suite measures on is refused, and left to it", async () => {
  const lock = join(directory, "node-1", "it's a root", "runs", ".lock");
  await run();
  const text = `${Math.floor(Date.now() / 1000) + 100}\nsomebody@elsewhere process 1 x\n`;
  writeFileSync(lock, text);
  await expect(run()).rejects.toThrow(
    /^Node "node-1" is measuring for somebody@elsewhere process 1 x; its lock ends in \d+ s/,
  );
  expect(readFileSync(lock, "utf8")).toBe(text);
  expect(existsSync(join(directory, "node-0", "it's a root", "runs", ".lock"))).toBe(false);
});

test.each([
  ["has run out", () => `${Math.floor(Date.now() / 1000) - 5}\nsomebody@elsewhere process 1 x\n`],
  ["is damaged", () => "not a lock"],
])("a lock that %s is taken over", async (_, text) => {
  await run();
  writeFileSync(join(directory, "node-0", "it's a root", "runs", ".lock"), text());
  expect((await run()).measured.length).toBe(2);
});
