import { setTimeout as sleep } from "node:timers/promises";
import { type GroupRecord, readGroups } from "./groupRecords.ts";
import { processExists } from "./liveness.ts";
import { type ProcessEntry, readMarked, readProcesses } from "./processTable.ts";

const startToleranceMs = 5_000;

/** What to end: whole groups, so that a child that dropped the marker goes with its parents. */
export interface Remains {
  groups: number[];
  pids: number[];
}

/**
 * What of a node still runs: its marked processes with their groups, and the recorded groups whose leader is the one
 * that was started (same id, same start time), since a process id alone may belong to somebody else by now.
 */
export function findRemains(
  table: ProcessEntry[],
  marked: number[],
  recorded: GroupRecord[],
  own: number,
): Remains {
  const byPid = new Map(table.map((entry) => [entry.pid, entry]));
  const ownGroup = byPid.get(own)?.group;
  const groups = new Set<number>();
  for (const { group, startedAt } of recorded) {
    const leader = byPid.get(group);
    if (leader?.group === group && Math.abs(leader.startedAt - startedAt) <= startToleranceMs)
      groups.add(group);
  }
  for (const pid of marked) {
    const group = byPid.get(pid)?.group;
    if (group !== undefined && group > 1) groups.add(group);
  }
  // `stop` may itself have been started through the node.
  if (ownGroup !== undefined) groups.delete(ownGroup);
  return { groups: [...groups], pids: marked.filter((pid) => pid !== own && pid > 1) };
}

/** Ends all that is left of a node, politely first; again until nothing is found, as processes may be starting others. */
export async function sweep(id: string, groupsDirectory: string, graceMs: number): Promise<number> {
  const seen = new Set<number>();
  for (let round = 0; round < 20; round++) {
    const [table, marked] = await Promise.all([readProcesses(), readMarked(id)]);
    const remains = findRemains(table, marked, readGroups(groupsDirectory), process.pid);
    if (remains.groups.length === 0 && remains.pids.length === 0) return seen.size;
    for (const pid of remains.pids) seen.add(pid);
    signalRemains(remains, round === 0 ? "SIGTERM" : "SIGKILL");
    await waitForEnd(remains, round === 0 ? graceMs : 1_000);
  }
  return seen.size;
}

function signalRemains({ groups, pids }: Remains, signal: NodeJS.Signals): void {
  for (const target of [...groups.map((group) => -group), ...pids]) {
    trySignal(target, signal);
    // A stopped process acts on SIGTERM only when it goes on.
    trySignal(target, "SIGCONT");
  }
}

/** Signals a process, or a group by its negative number; false when there is none. */
export function trySignal(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function waitForEnd({ groups, pids }: Remains, atMostMs: number): Promise<void> {
  const deadline = performance.now() + atMostMs;
  const running = () => groups.some((group) => trySignal(-group, 0)) || pids.some(processExists);
  while (running() && performance.now() < deadline) await sleep(20);
}
