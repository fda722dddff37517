import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { keepResult, renderFile } from "../../../benchmarks/bench/keepResult.ts";
import { readMachine } from "../../../benchmarks/bench/machine.ts";
import { readOptions, toCount } from "../../../benchmarks/bench/options.ts";
import { type BenchResult, parseResult } from "../../../benchmarks/bench/results.ts";

const result: BenchResult = {
  schema: 1,
  bench: "scale",
  date: "2026-11-25",
  machine: { name: "AMD EPYC(tm) 9 (R)", processors: 2, load: { before: 0.5, after: 1 } },
  figures: { secondsPreview1000: 30, peakMiB: null },
  raw: { seconds: [29.5, 30, 31], reasons: { peakMiB: "why" } },
};

test("a result is kept under its bench, machine and date, whole, and printed as one line", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rocmark-results-"));
  const written = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await keepResult(result, folder);
    expect(readdirSync(folder)).toEqual(["scale-amd-epyc-tm-9-r-2026-11-25.json"]);
    const file = join(folder, "scale-amd-epyc-tm-9-r-2026-11-25.json");
    expect(parseResult(readFileSync(file, "utf8"), file)).toEqual(result);
    const line = String(written.mock.calls[0]?.[0]);
    expect(Object.keys(JSON.parse(line))).toEqual(["bench", "machine", "figures", "raw"]);
    expect(line.indexOf("\n")).toBe(line.length - 1);
  } finally {
    written.mockRestore();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a list of numbers takes one line of the file", () => {
  expect(renderFile(result)).toContain('"seconds": [ 29.5, 30, 31 ]');
});

test("this machine is described as every result's is", () => {
  expect(() => parseResult(JSON.stringify({ ...result, machine: readMachine(0) }), "here")).not.toThrow();
});

test("an option that is not there, and a number that is none, are refused by name", () => {
  const argv = process.argv;
  process.argv = ["node", "bench", "--nods", "3"];
  try {
    expect(() => readOptions({ nodes: { type: "string" } })).toThrow(/--nods/);
  } finally {
    process.argv = argv;
  }
  expect(() => toCount("nodes", "1.5", 10)).toThrow(
    '--nodes: wanted a whole number from 1 to 10, found "1.5"',
  );
});
