import { execFile } from "node:child_process";
import { endProcesses, processExists } from "./endProcesses.ts";
import { livenessOf } from "./liveness.ts";
import type { Marker } from "./marker.ts";

// A server ends what it started first: two graces, and a little for a busy machine.
const politeMs = 10_000;

/** Ends a node's server if it runs. The process id is used only when the port or the process itself shows whose it is. */
export async function endServer(marker: Marker): Promise<void> {
  const { pid } = marker;
  if (pid === null || !processExists(pid)) return;
  const answers = (await livenessOf(marker, 1_000)) === "alive";
  if (!answers && !isServerOf(marker.directory, await commandLine(pid))) return;
  await endProcesses({ groups: [], pids: [pid] }, politeMs);
}

export function isServerOf(directory: string, command: string): boolean {
  const at = command.indexOf(` serve --directory=${directory} `);
  return at >= 0 && /main\.ts$/.test(command.slice(0, at));
}

function commandLine(pid: number): Promise<string> {
  return new Promise((resolve) => {
    execFile("ps", ["-ww", "-o", "command=", "-p", String(pid)], { timeout: 5_000 }, (_error, stdout) =>
      resolve(stdout),
    );
  });
}
