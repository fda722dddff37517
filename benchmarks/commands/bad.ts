import type { BadRecord } from "../store/store.ts";

/** Files of a store that are no records are named, never passed over in silence. */
export function sayBad(bad: readonly BadRecord[]): void {
  for (const { error } of bad) process.stderr.write(`left out: ${error.message}\n`);
}
