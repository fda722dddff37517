import { spawn } from "node:child_process";
import { once } from "node:events";
import { environment } from "./machine.ts";

/**
 * Does `work` while no other process on this machine does what is named by the same lock file.
 *
 * The kernel's own lock (flock), held by a child that ends when we do: no lock outlives its holder.
 */
export async function exclusively<Value>(lock: string, work: () => Promise<Value>): Promise<Value> {
  const holder = spawn("flock", [lock, "sh", "-c", "echo; exec cat"], {
    env: environment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(holder, "exit");
  await Promise.race([once(holder.stdout, "data"), ended]);
  if (holder.exitCode !== null) throw new Error(`flock ${lock} ended with ${holder.exitCode}.`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
