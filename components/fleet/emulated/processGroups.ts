import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Records a process group that a node runs, so that it is found when the node's server is dead. */
export const recordGroup = (groups: string, pid: number): void =>
  writeFileSync(join(groups, String(pid)), "", { mode: 0o600 });

/** Forgets a group, unless something of it still runs. */
export function forgetGroup(groups: string, pid: number): void {
  if (!groupExists(pid)) rmSync(join(groups, String(pid)), { force: true });
}

/** Ends all that a node started: recorded groups, then whatever carries the node's mark. SIGTERM, two seconds, SIGKILL. */
export async function endEverything(groups: string, id: string): Promise<void> {
  const recorded = () => list(groups).filter(groupExists);
  const marked = () => markedProcesses(id);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    for (const pid of recorded()) send(-pid, signal);
    for (const pid of marked()) send(pid, signal);
    for (let waited = 0; waited < 20 && (recorded().length > 0 || marked().length > 0); waited++)
      await sleep(100);
  }
  for (const pid of list(groups)) forgetGroup(groups, pid);
}

function list(groups: string): number[] {
  try {
    return readdirSync(groups)
      .map(Number)
      .filter((pid) => Number.isSafeInteger(pid) && pid > 1);
  } catch {
    return [];
  }
}

// Processes that left their group keep their environment. Only Linux shows it as files; elsewhere groups have to do.
function markedProcesses(id: string): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((name) => environmentOf(name).includes(`ROCMARK_NODE=${id}\0`))
      .map(Number);
  } catch {
    return [];
  }
}

function environmentOf(pid: string): string {
  try {
    return `${readFileSync(`/proc/${pid}/environ`, "latin1")}\0`;
  } catch {
    return "";
  }
}

function groupExists(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone meanwhile
  }
}
