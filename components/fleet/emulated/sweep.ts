import { realpathSync } from "node:fs";
import { endProcesses, type Remains } from "./endProcesses.ts";
import { type GroupRecord, readGroups, removeGroup } from "./groupRecords.ts";
import type { NodePaths } from "./nodeDirectory.ts";
import { type ProcessEntry, readMarked, readProcesses, readWorkingDirectories } from "./processTable.ts";

const startToleranceMs = 5_000;

/** What the system shows, and what the node has written down. */
export interface Evidence {
  table: ProcessEntry[];
  /** Processes that carry the node's marker. */
  marked: number[];
  recorded: GroupRecord[];
  /** Processes that work inside the node's directory. */
  inside: Set<number>;
  /** The process that asks. */
  own: number;
}

/**
 * What of a node still runs: its marked processes with their groups, and the recorded groups that are still the ones
 * that were started. A number alone may belong to somebody else by now, so a group counts if its leader has the start
 * time that was recorded, or, when the leader has ended, if one of its members works in the node's directory.
 */
export function findRemains({ table, marked, recorded, inside, own }: Evidence): Remains {
  const byPid = new Map(table.map((entry) => [entry.pid, entry]));
  const groups = new Set<number>();
  for (const { group, startedAt } of recorded) {
    const leader = byPid.get(group);
    const isSame =
      leader === undefined
        ? table.some((entry) => entry.group === group && inside.has(entry.pid))
        : leader.group === group && Math.abs(leader.startedAt - startedAt) <= startToleranceMs;
    if (isSame) groups.add(group);
  }
  for (const pid of marked) {
    const group = byPid.get(pid)?.group;
    if (group !== undefined && group > 1) groups.add(group);
  }
  // `stop` may itself have been started through the node: it and the shell it runs in are spared.
  const ownGroup = byPid.get(own)?.group;
  const isOwn = (pid: number) =>
    pid === own || (ownGroup !== undefined && byPid.get(pid)?.group === ownGroup);
  if (ownGroup !== undefined) groups.delete(ownGroup);
  return { groups: [...groups], pids: marked.filter((pid) => pid > 1 && !isOwn(pid)) };
}

/** Ends all that is left of a node, again until nothing is found, as processes may be starting others. */
export async function sweep(id: string, paths: NodePaths, graceMs: number): Promise<number> {
  const seen = new Set<number>();
  for (let round = 0; round < 10; round++) {
    const evidence = await readEvidence(id, paths);
    const remains = findRemains(evidence);
    if (remains.groups.length === 0 && remains.pids.length === 0) {
      for (const { group } of evidence.recorded) removeGroup(paths.groups, group);
      break;
    }
    for (const pid of [...remains.pids, ...remains.groups]) seen.add(pid);
    await endProcesses(remains, round === 0 ? graceMs : 0);
  }
  return seen.size;
}

async function readEvidence(id: string, paths: NodePaths): Promise<Evidence> {
  const [table, marked] = await Promise.all([readProcesses(), readMarked(id)]);
  const recorded = readGroups(paths.groups);
  const numbers = new Set(recorded.map(({ group }) => group));
  const members = table.filter(({ group }) => numbers.has(group)).map(({ pid }) => pid);
  const inside = new Set<number>();
  for (const [pid, directory] of await readWorkingDirectories(members))
    if (`${directory}/`.startsWith(`${realpath(paths.directory)}/`)) inside.add(pid);
  return { table, marked, recorded, inside, own: process.pid };
}

/** The system shows paths without symbolic links. */
function realpath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
