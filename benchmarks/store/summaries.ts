import { letsKind, type RunFilter, type Summaries } from "./runFilter.ts";
import type { BadRecord } from "./store.ts";
import { readRecordNames, readRecords } from "./store.ts";
import { type RunSummary, summarise } from "./summary.ts";

/** Files up to which they are read as they are: opening DuckDB takes longer than reading this many. */
export const directReadLimit = 300;

/** The runs of a directory that a filter lets through, by the index where there are many. */
export async function readSummaries(directory: string, filter: RunFilter = {}): Promise<Summaries> {
  const names = await readRecordNames(directory);
  if (names.length > directReadLimit) {
    const { readThroughIndex } = await import("./summaryIndex.ts");
    const found = await readThroughIndex(directory, names, filter);
    if (found !== null) return found;
  }
  return readDirectly(directory, names, filter);
}

async function readDirectly(
  directory: string,
  names: readonly string[],
  filter: RunFilter,
): Promise<Summaries> {
  const bad: BadRecord[] = [];
  const runs: RunSummary[] = [];
  for await (const { name, record } of readRecords(directory, names, (problem) => bad.push(problem))) {
    const run = summarise(record, name);
    if (letsKind(filter, run)) runs.push(run);
  }
  const key = (run: RunSummary) => `${run.startedAt} ${run.id}`;
  return { runs: runs.sort((a, b) => (key(a) < key(b) ? -1 : 1)), bad };
}
