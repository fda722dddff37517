import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { livenessOf, processExists } from "./liveness.ts";
import type { Marker } from "./marker.ts";
import { trySignal } from "./sweep.ts";

// A server ends what it started first: two graces, and a little for a busy machine.
const politeMs = 10_000;

/** Ends a node's server if it runs. The process id is used only when the port or the process itself shows whose it is. */
export async function endServer(marker: Marker): Promise<void> {
  const { pid } = marker;
  if (pid === null || !processExists(pid)) return;
  const answers = (await livenessOf(marker, 1_000)) === "alive";
  if (!answers && !isServerOf(marker.directory, await commandLine(pid))) return;
  trySignal(pid, "SIGTERM");
  trySignal(pid, "SIGCONT");
  if (await ended(pid, politeMs)) return;
  trySignal(pid, "SIGKILL");
  await ended(pid, 5_000);
}

export function isServerOf(directory: string, command: string): boolean {
  const at = command.indexOf(` serve --directory=${directory} `);
  return at >= 0 && /main\.ts$/.test(command.slice(0, at));
}

async function ended(pid: number, atMostMs: number): Promise<boolean> {
  const deadline = performance.now() + atMostMs;
  while (processExists(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

function commandLine(pid: number): Promise<string> {
  return new Promise((resolve) => {
    execFile("ps", ["-ww", "-o", "command=", "-p", String(pid)], { timeout: 5_000 }, (_error, stdout) =>
      resolve(stdout),
    );
  });
}
