import { cpus, loadavg, platform, release, totalmem } from "node:os";
import type { BenchResult } from "./results.ts";

/** What a benchmark without a GPU ran on; in the form of every result. */
export function readMachine(loadBefore: number): BenchResult["machine"] {
  const processors = cpus();
  const processor = processors[0]?.model.trim() || process.arch;
  return {
    device: "cpu",
    name: processor,
    processor,
    processors: processors.length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    system: `${platform()} ${release()}`,
    node: process.versions.node,
    load: { before: loadBefore, after: readLoad() },
  };
}

/** Processes that wanted a processor, over the last minute. */
export const readLoad = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100;

/** Where a result is kept: the benchmark, the machine's name in small letters and hyphens, the date. */
export const toFileName = ({
  bench,
  machine,
  date,
}: Pick<BenchResult, "bench" | "machine" | "date">): string =>
  `${bench}-${machine.name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")}-${date}.json`;
