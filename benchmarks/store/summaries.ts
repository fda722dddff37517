import type { BadRecord } from "./store.ts";
import { readRecordNames, readRecords } from "./store.ts";
import { type RunSummary, summarise } from "./summary.ts";

/** Which runs; each part that is left out lets all through. */
export interface RunFilter {
  /** Its name, or `<name>/<label>`. */
  experiment?: string | undefined;
  scenario?: string | undefined;
  arms?: readonly string[] | undefined;
}

/** What a records directory holds. */
export interface Summaries {
  /** Oldest first. */
  runs: RunSummary[];
  /** Files that are no record, passed over. */
  bad: BadRecord[];
}

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
    if (lets(filter, run)) runs.push(run);
  }
  const key = (run: RunSummary) => `${run.startedAt} ${run.id}`;
  return { runs: runs.sort((a, b) => (key(a) < key(b) ? -1 : 1)), bad };
}

/** Whether a filter lets a run through. */
export function lets(filter: RunFilter, run: RunSummary): boolean {
  const { experiment, scenario, arms } = filter;
  return (
    (experiment === undefined ||
      run.experiment === experiment ||
      run.experiment.startsWith(`${experiment}/`)) &&
    (scenario === undefined || run.scenario === scenario) &&
    (arms === undefined || arms.includes(run.arm))
  );
}
