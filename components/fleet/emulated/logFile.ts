import { appendFileSync, renameSync, statSync } from "node:fs";

const limitBytes = 1 << 20;

export type Log = (event: string) => void;

/** Lines with a time, in a file and its predecessor of 1 MiB at most each. Never fails: a full disk must not end a node. */
export function openLog(path: string): Log {
  return (event) => {
    try {
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (size > limitBytes) renameSync(path, `${path}.1`);
      // A client chooses parts of it (its name, its signal): one event must stay one line.
      const line = event.replace(/[^\x20-\x7e]/g, "?").slice(0, 500);
      appendFileSync(path, `${new Date().toISOString()} ${line}\n`, { mode: 0o600 });
    } catch {
      // Nowhere left to say it.
    }
  };
}
