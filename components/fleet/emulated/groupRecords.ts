import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A process group that the node started: its leader's process id, and when. */
export interface GroupRecord {
  group: number;
  startedAt: number;
}

export function writeGroup(directory: string, record: GroupRecord): void {
  writeFileSync(join(directory, String(record.group)), String(record.startedAt), { mode: 0o600 });
}

export function removeGroup(directory: string, group: number): void {
  rmSync(join(directory, String(group)), { force: true });
}

export function readGroups(directory: string): GroupRecord[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    if (!/^[1-9]\d{0,9}$/.test(name) || Number(name) < 2) return [];
    try {
      const startedAt = Number(readFileSync(join(directory, name), "utf8"));
      return startedAt > 0 ? [{ group: Number(name), startedAt }] : [];
    } catch {
      return [];
    }
  });
}
