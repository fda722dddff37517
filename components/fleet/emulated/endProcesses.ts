import { setTimeout as sleep } from "node:timers/promises";
import { readProcesses } from "./processTable.ts";

/** Signals a process, or a group by its negative number; false when there is none. */
export function trySignal(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Also true for one that has ended and whose parent has not taken note yet. */
export const processExists = (pid: number): boolean => trySignal(pid, 0);

/** What to end: whole groups, so that a child that dropped the marker goes with its parents, and single processes. */
export interface Remains {
  groups: number[];
  pids: number[];
}

/** Ends processes: asks, waits, then insists. True when none is left. */
export async function endProcesses(remains: Remains, graceMs: number): Promise<boolean> {
  signalAll(remains, "SIGTERM");
  // A stopped process acts on SIGTERM only when it goes on.
  signalAll(remains, "SIGCONT");
  if (await waitForEnd(remains, graceMs)) return true;
  signalAll(remains, "SIGKILL");
  return waitForEnd(remains, 3_000);
}

/** Asks the kernel often, and the process table now and then: it tells the dead that nobody reaps from the living. */
export async function waitForEnd(remains: Remains, atMostMs: number): Promise<boolean> {
  const deadline = performance.now() + atMostMs;
  for (let round = 1; ; round++) {
    const { groups, pids } = remains;
    if (!groups.some((group) => trySignal(-group, 0)) && !pids.some(processExists)) return true;
    const late = performance.now() >= deadline;
    if ((late || round % 10 === 0) && !(await anyRuns(remains))) return true;
    if (late) return false;
    await sleep(20);
  }
}

async function anyRuns({ groups, pids }: Remains): Promise<boolean> {
  const table = await readProcesses();
  // Without a table the kernel's word is all there is.
  if (table.length === 0) return true;
  return table.some((entry) => groups.includes(entry.group) || pids.includes(entry.pid));
}

function signalAll({ groups, pids }: Remains, signal: NodeJS.Signals): void {
  for (const target of [...groups.map((group) => -group), ...pids]) trySignal(target, signal);
}
