import { readSummaries } from "./summaries.ts";

/** One line of `rocmark doctor`, in the form of the engine's own checks. */
export interface RecordsCheck {
  name: "records";
  state: "ok" | "damaged";
  found: string;
  remedy: string;
  /** Nothing else waits for it. */
  needed: false;
}

/** Whether every file of a records directory is a record. */
export async function checkRecords(directory: string): Promise<RecordsCheck> {
  const { runs, bad } = await readSummaries(directory);
  const notOk = runs.filter(({ outcome }) => outcome !== "ok").length;
  const files = bad.map(({ file }) => file).join(", ");
  return {
    name: "records",
    state: bad.length === 0 ? "ok" : "damaged",
    found:
      `${runs.length} in ${directory}` +
      (notOk > 0 ? `, ${notOk} of them of runs that did not end ok` : "") +
      (bad.length > 0 ? `; ${bad.length} files that are no record: ${files}` : ""),
    remedy:
      bad.length === 0
        ? ""
        : "Move these files out of the directory; rocmark list says what is wrong with each.",
    needed: false,
  };
}
