import { endProcesses, type Remains } from "./endProcesses.ts";
import { type GroupRecord, readGroups } from "./groupRecords.ts";
import { type ProcessEntry, readMarked, readProcesses } from "./processTable.ts";

const startToleranceMs = 5_000;

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
  // `stop` may itself have been started through the node: it and the shell it runs in are spared.
  const isOwn = (pid: number) =>
    pid === own || (ownGroup !== undefined && byPid.get(pid)?.group === ownGroup);
  if (ownGroup !== undefined) groups.delete(ownGroup);
  return { groups: [...groups], pids: marked.filter((pid) => pid > 1 && !isOwn(pid)) };
}

/** Ends all that is left of a node, again until nothing is found, as processes may be starting others. */
export async function sweep(id: string, groupsDirectory: string, graceMs: number): Promise<number> {
  const seen = new Set<number>();
  for (let round = 0; round < 10; round++) {
    const [table, marked] = await Promise.all([readProcesses(), readMarked(id)]);
    const remains = findRemains(table, marked, readGroups(groupsDirectory), process.pid);
    if (remains.groups.length === 0 && remains.pids.length === 0) break;
    for (const pid of [...remains.pids, ...remains.groups]) seen.add(pid);
    await endProcesses(remains, round === 0 ? graceMs : 0);
  }
  return seen.size;
}
