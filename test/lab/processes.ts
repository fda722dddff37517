import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** Whether a process runs; one that has ended and is not yet buried does not. */
export function isAlive(id: number): boolean {
  try {
    const state = execFileSync("ps", ["-o", "stat=", "-p", String(id)], { encoding: "utf8" });
    return !state.trim().startsWith("Z");
  } catch {
    return false;
  }
}

/** Wait until something is so; throws when it is not after some seconds. */
export async function until(isSo: () => boolean, seconds = 15): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`still not so after ${seconds} s: ${isSo}`);
    await sleep(20);
  }
}
