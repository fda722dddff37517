import { readdir, readFile } from "node:fs/promises";
import { hostname, uptime } from "node:os";
import { join } from "node:path";
import { stateFolder } from "./localBackend.ts";
import { capture } from "./processes.ts";

/** Who holds a stack in a file backend, as Pulumi writes it into a lock file. */
export interface Lock {
  pid: number;
  username: string;
  hostname: string;
  timestamp: Date;
}

/** What the machine says, to judge a lock by. */
export interface Machine {
  hostname: string;
  /** When the machine was started: no process is older. */
  booted: Date;
  /** Name of the program that runs under a process id, null when none does. */
  programOf(pid: number): Promise<string | null>;
}

/** Where Pulumi keeps the local stack's locks. */
export const lockFolder = (root: string): string =>
  join(stateFolder(root), ".pulumi", "locks", "organization", "rocmark", "local");

/** The content of a lock file; null for one that was cut off while it was written, or is none. */
export function parseLock(text: string): Lock | null {
  try {
    const found = JSON.parse(text);
    const timestamp = new Date(found.timestamp);
    if (!Number.isSafeInteger(found.pid) || found.pid <= 0 || typeof found.hostname !== "string") return null;
    if (Number.isNaN(timestamp.getTime())) return null;
    return { pid: found.pid, username: String(found.username ?? "?"), hostname: found.hostname, timestamp };
  } catch {
    return null;
  }
}

/** Whether nobody holds a lock any more. A lock made on another host may be held: only that host could tell. */
export async function isStale(lock: Lock | null, machine: Machine): Promise<boolean> {
  if (lock === null) return true;
  if (lock.hostname !== machine.hostname) return false;
  if (lock.timestamp < machine.booted) return true;
  const program = await machine.programOf(lock.pid);
  return program === null || !program.includes("pulumi");
}

/** The program in a line of `ps -o stat= -o comm=`; null for none, and for one that is dead and only not reaped yet. */
export function parseProgram(line: string): string | null {
  const [, stat = "Z", program] = /^\s*(\S+)\s+(.+?)\s*$/m.exec(line) ?? [];
  return stat.startsWith("Z") ? null : (program ?? null);
}

/** This machine. */
export const thisMachine = (): Machine => ({
  hostname: hostname(),
  booted: new Date(Date.now() - uptime() * 1000),
  async programOf(pid) {
    const { exitCode, stdout } = await capture("ps", ["-p", String(pid), "-o", "comm="], {
      timeoutSeconds: 5,
    });
    return exitCode === 0 ? stdout.trim() : null;
  },
});

/** The local stack's locks: how many are stale, and who holds the others, as a reader would say it. */
export async function readLocks(
  root: string,
  machine: Machine = thisMachine(),
): Promise<{ stale: number; holders: string[] }> {
  const folder = lockFolder(root);
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".json"));
  const holders: string[] = [];
  let stale = 0;
  for (const name of names) {
    const lock = parseLock(await readFile(join(folder, name), "utf8").catch(() => ""));
    if (await isStale(lock, machine)) stale += 1;
    else if (lock)
      holders.push(
        `process ${lock.pid} of ${lock.username} on ${lock.hostname} since ${lock.timestamp.toISOString()}`,
      );
  }
  return { stale, holders };
}
