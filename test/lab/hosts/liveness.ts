import { readFileSync } from "node:fs";

/** One process, told from a later one with the same number by its start in clock ticks since boot. */
export interface ProcessId {
  pid: number;
  start: string;
}

/** A process that runs now; undefined when there is none, or only its unburied remains. */
export function readProcess(pid: number): ProcessId | undefined {
  try {
    // proc(5): after the command's name in parentheses come state (3rd field) and, as 22nd field, starttime.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    const start = fields[19];
    return fields[0] === "Z" || fields[0] === "X" || start === undefined ? undefined : { pid, start };
  } catch {
    return undefined;
  }
}

export const runs = (process: ProcessId | undefined): boolean =>
  process !== undefined && readProcess(process.pid)?.start === process.start;

/** Ids of a process's children, as this process sees them. */
export function readChildren(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
