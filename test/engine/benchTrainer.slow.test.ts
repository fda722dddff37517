import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseResult, resultsFolder } from "../../benchmarks/bench/results.ts";
import { trainerNotes } from "../../benchmarks/bench/trainerNotes.ts";
import { repository } from "../../engine/places.ts";
import { capture, type Outcome } from "../../engine/processes.ts";

// The same code as on a GPU, on a model of two tiny layers: every arm is a process that really trains.
let out: string;
let ended: Outcome;
let committed: string[];
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "bench-"));
  committed = await readdir(resultsFolder);
  const words = ["--shape", "tiny", "--device", "cpu", "--samples", "64", "--out", out];
  ended = await capture(process.execPath, [join(repository, "engine", "benchTrainer.ts"), ...words]);
});
afterAll(() => rm(out, { recursive: true }));

test("the last line on stdout is the result, and progress goes to stderr", () => {
  expect(ended.exitCode, ended.stderr).toBe(0);
  const line = JSON.parse(ended.stdout);
  expect(ended.stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(Object.keys(line)).toEqual(["bench", "machine", "figures", "raw"]);
  expect(Object.keys(line.figures)).toEqual([
    "vsTrainer",
    "vsWalkthrough",
    "ceilingShare",
    "secondsToAdapterCold",
    "secondsToAdapterWarm",
    "memoryPredictionError",
    "harnessOverhead",
  ]);
  expect(line.figures.vsTrainer).toBeGreaterThan(0);
  expect(ended.stderr).toContain("bench: 1 of ");
});

test("the loss of fast is that of Trainer and PEFT but for rounding", () => {
  expect(JSON.parse(ended.stdout).raw.lossCurve).toMatchObject({ within: true, baselines: 3 });
});

test("the kept result is one that the table can show", async () => {
  const file = join(out, "result.json");
  const result = parseResult(await readFile(file, "utf8"), file);
  expect(trainerNotes(result.raw)[0]).toBe(
    "Shape tiny, 64 samples in 4 steps, fp32. The slow arms ran 3 steps; the other 1 are extrapolated from their median step.",
  );
});

test("what is measured with other settings is not put among the committed results", async () => {
  expect(await readdir(resultsFolder)).toEqual(committed);
});
