import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toFileName } from "./machine.ts";
import type { BenchResult } from "./results.ts";

/** Print a result as the last line of stdout, and keep it as a file where one is wanted. */
export async function keepResult(result: BenchResult, folder: string | undefined): Promise<void> {
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true });
    const file = join(folder, toFileName(result));
    const partial = `${file}.${process.pid}.partial`;
    await writeFile(partial, renderFile(result));
    await rename(partial, file);
    process.stderr.write(`kept in ${file}\n`);
  }
  const { bench, machine, figures, raw } = result;
  process.stdout.write(`${JSON.stringify({ bench, machine, figures, raw })}\n`);
}

/** JSON with a list of numbers on one line, so that two results can be compared by eye. */
export const renderFile = (result: BenchResult): string =>
  `${JSON.stringify(result, undefined, 2).replace(/\[[\s\d.,eE+-]*\]/g, (list) => list.replace(/\s+/g, " "))}\n`;
