import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processExists } from "./endProcesses.ts";
import { lockHeld, noDiskSpace } from "./errors.ts";

const waitMs = 60_000;
// No command holds the lock this long; an older one was left by a process whose id somebody else has by now.
const staleMs = 10 * 60_000;
const unsignedMs = 5_000;

/** Runs one command at a time for a node, also across processes. A lock whose holder is dead is taken over. */
export async function withLock<T>(path: string, run: () => Promise<T>): Promise<T> {
  const token = `${process.pid} ${randomBytes(8).toString("hex")}\n`;
  await acquire(path, token);
  try {
    return await run();
  } finally {
    if (read(path) === token) rmSync(path, { force: true });
  }
}

async function acquire(path: string, token: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const deadline = performance.now() + waitMs;
  while (!create(path, token)) {
    const holder = read(path);
    if (holder !== undefined && isStale(path, holder)) {
      takeAway(path, holder);
      continue;
    }
    if (performance.now() > deadline)
      throw lockHeld(path, `process ${holder?.split(" ")[0] ?? "unknown"}`, `${waitMs / 1000} s`);
    await sleep(25);
  }
}

function create(path: string, token: string): boolean {
  try {
    writeFileSync(path, token, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
    rmSync(path, { force: true });
    throw noDiskSpace(path, error);
  }
}

function isStale(path: string, holder: string): boolean {
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  const pid = Number.parseInt(holder, 10);
  // Made but not signed yet: its maker is between two system calls, or was killed there.
  if (Number.isNaN(pid)) return age > unsignedMs;
  return !processExists(pid) || age > staleMs;
}

/** Renames before it deletes: of two that see the same stale lock only one gets it, and a fresh lock is put back. */
function takeAway(path: string, stale: string): void {
  const aside = `${path}.stale-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  try {
    const taken = readFileSync(aside, "utf8");
    if (taken !== stale) writeFileSync(path, taken, { flag: "wx", mode: 0o600 });
  } catch {
    // Somebody has made a new lock meanwhile; the one put aside had no right to be there any more.
  }
  rmSync(aside, { force: true });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
