import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { refusal } from "../errors.ts";

/** The folder of the results that are committed, one file a benchmark, machine and day. */
export const resultsFolder = join(import.meta.dirname, "results");

/**
 * What a benchmark leaves: the keys of its last line on stdout, and its date. `raw` is the benchmark's own; a result may
 * hold more, such as the records it was made from.
 */
export const resultSchema = z.looseObject({
  schema: z.literal(1),
  bench: z.string().regex(/^[a-z]+$/),
  date: z.iso.date(),
  machine: z.looseObject({
    /** Of the device that was measured: the GPU's, or the processor's. */
    name: z.string().min(1),
    processors: z.int().positive().nullable(),
    /** The one-minute load average before and after. */
    load: z.strictObject({ before: z.number(), after: z.number() }),
  }),
  /** null where this machine cannot tell; `raw.reasons` says why. */
  figures: z.record(z.string(), z.number().nullable()),
  raw: z.looseObject({ reasons: z.record(z.string(), z.string()).default({}) }),
});

export type BenchResult = z.infer<typeof resultSchema>;

/** A result from the text of its file; an error names the file and the key. */
export function parseResult(text: string, file: string): BenchResult {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw refusal("E_RESULT", `${file}: wanted one JSON document (${(cause as Error).message}).`, cause);
  }
  const parsed = resultSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw refusal(
    "E_RESULT",
    `${file}: ${issue?.path.join(".") || "the document"}: ${issue?.message}. ` +
      "Run the benchmark again, or move the file out of the folder.",
  );
}

/** All results of a folder. */
export async function readResults(folder: string): Promise<BenchResult[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(
    files.map(async (name) => parseResult(await readFile(join(folder, name), "utf8"), join(folder, name))),
  );
}

/** The newest result of each benchmark on each machine, in the order of their names. */
export function newestResults(results: readonly BenchResult[]): BenchResult[] {
  const newest = new Map<string, BenchResult>();
  for (const result of results) {
    const key = `${result.bench}\n${result.machine.name}`;
    const known = newest.get(key);
    if (known === undefined || known.date <= result.date) newest.set(key, result);
  }
  return [...newest.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, result]) => result);
}
