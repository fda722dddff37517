import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { benchmarks } from "../../../benchmarks/bench/figures.ts";
import { renderResults } from "../../../benchmarks/bench/renderResults.ts";
import {
  type BenchResult,
  newestResults,
  parseResult,
  readResults,
  resultsFolder,
} from "../../../benchmarks/bench/results.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "results-"));
});
afterEach(() => rm(folder, { recursive: true }));

const curve = { steps: 125, worstStep: 7, distance: 2e-6, tolerance: 8e-6, spread: 3e-6, within: true };
const trainer: BenchResult = {
  schema: 1,
  bench: "trainer",
  date: "2026-11-25",
  machine: { name: "Some GPU", processors: 16, load: { before: 0.1, after: 1 } },
  figures: {
    vsTrainer: 21.26,
    vsWalkthrough: 1.5,
    ceilingShare: 0.553,
    secondsToAdapterCold: 42.04,
    secondsToAdapterWarm: 9.5,
    memoryPredictionError: null,
    harnessOverhead: -0.001,
  },
  raw: {
    shape: "qwen3-1.7b",
    samples: 2000,
    steps: 125,
    maxSteps: 30,
    precision: "fp16",
    lossCurve: { within: true, baselines: 3, curves: { near: { ...curve, distance: 1e-7 }, far: curve } },
    accuracy: { bothRight: 440, onlyWalkthrough: 1, onlyFast: 2, bothWrong: 157, margin: 0.02 },
    harness: { interval: [-0.002, 0.0012] },
    reasons: { memoryPredictionError: "no record holds a peak" },
  },
};

test("the table of the trainer, whole", () => {
  expect(renderResults([trainer])).toMatchInlineSnapshot(`
    "**The fine-tune** on Some GPU, 16 processors, 2026-11-25, load 0.1 before and 1 after (\`npm run bench:trainer\`):

    | what | found | target |
    | --- | --- | --- |
    | training loop: \`fast\` against Trainer + PEFT, the same samples in the same steps | 21.3 x | 20 x on a GPU |
    | training loop: \`fast\` against the published walkthrough | 1.50 x | 1 x on a CPU, 20 x on a GPU |
    | share of the measured matrix-product ceiling in the training loop | 55.3 % | 55 % on a GPU |
    | start to adapter (import, load, tokenise, compile, train, save), nothing compiled yet | 42.0 s | 60 s on a GPU |
    | the same with a warm compile cache | 9.50 s | 25 s on a GPU |
    | predicted against measured peak memory, the worst arm | - | 10 % |
    | a step inside the harness against the bare loop | -0.1 % | 1 % |

    - Shape qwen3-1.7b, 2000 samples in 125 steps, fp16. The slow arms ran 30 steps; the other 95 are extrapolated from their median step.
    - Loss: \`fast\` is Trainer + PEFT but for rounding at each of 125 steps; at worst 2.0e-6 away where 8.0e-6 is allowed, from 3 runs of Trainer + PEFT that differ in rounding alone (by 3.0e-6 at most).
    - Accuracy on 600 questions: walkthrough 73.5 %, fast 73.7 %; equivalent within 2.0 points: +0.2 points, 95 % interval [-0.5 points, +0.9 points], McNemar p = 1.000, 1 and 2 questions only one of them has right.
    - Harness: 95 % interval of its cost [-0.2 %, 0.1 %].
    - No figure for "predicted against measured peak memory, the worst arm": no record holds a peak."
  `);
});

test("a benchmark that nobody has described shows its keys and numbers", () => {
  const other = { ...trainer, bench: "unheard", figures: { peakMiB: 12 }, raw: { reasons: {} } };
  expect(renderResults([other])).toContain("| peakMiB | 12 |  |");
});

test.each([
  [{ within: null, reason: "there are not two runs" }, "Loss: not compared, there are not two runs."],
  [
    { within: false, baselines: 3, curves: { one: curve } },
    "Loss: `fast` is NOT Trainer + PEFT: 2.0e-6 away",
  ],
])("the loss curve %#", (lossCurve, said) => {
  expect(renderResults([{ ...trainer, raw: { ...trainer.raw, lossCurve } }])).toContain(said);
});

test("accuracy that differs is said with its direction", () => {
  const accuracy = { bothRight: 400, onlyWalkthrough: 60, onlyFast: 10, bothWrong: 130, margin: 0.02 };
  expect(renderResults([{ ...trainer, raw: { ...trainer.raw, accuracy } }])).toContain(
    "less accurate: -8.3 points",
  );
});

test("of each benchmark and machine the newest result is shown, whatever the order of the files", () => {
  const results = [
    { ...trainer, date: "2026-11-26" },
    trainer,
    { ...trainer, machine: { ...trainer.machine, name: "Another" } },
    { ...trainer, bench: "scale", date: "2026-11-01" },
  ];
  expect(newestResults(results).map(({ bench, date, machine }) => [bench, machine.name, date])).toEqual([
    ["scale", "Some GPU", "2026-11-01"],
    ["trainer", "Another", "2026-11-25"],
    ["trainer", "Some GPU", "2026-11-26"],
  ]);
});

test("a folder's results are its JSON files", async () => {
  await writeFile(join(folder, "a.json"), JSON.stringify(trainer));
  await writeFile(join(folder, "notes.txt"), "no result");
  expect(await readResults(folder)).toEqual([trainer]);
});

test.each([
  ["no JSON", "{", "a.json: wanted one JSON document"],
  ["no date", JSON.stringify({ ...trainer, date: "today" }), "a.json: date: "],
  ["a figure that is a text", JSON.stringify({ ...trainer, figures: { x: "1" } }), "a.json: figures.x: "],
])("%s is refused with file and key", (_, text, said) => {
  expect(() => parseResult(text, "a.json")).toThrow(said);
});

test("every committed result can be read and shown", async () => {
  for (const result of await readResults(resultsFolder)) expect(renderResults([result])).toContain("|");
});

test("no two figures of a benchmark share a key", () => {
  for (const { figures } of Object.values(benchmarks))
    expect(new Set(figures.map(({ key }) => key)).size).toBe(figures.length);
});
