import { existsSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { stopFailed } from "./errors.ts";
import { livenessOf, processExists } from "./liveness.ts";
import { withLock } from "./lock.ts";
import { readMarker } from "./marker.ts";
import { nodePaths, refuseForeign } from "./nodeDirectory.ts";
import { endEverything } from "./processGroups.ts";

/** Ends a node's server and all it started, and removes its directory; also when it is dead, half made or gone. */
export async function stopNode(directory: string): Promise<void> {
  const paths = nodePaths(directory);
  if (!existsSync(paths.directory) && !existsSync(paths.lock)) return;
  await withLock(paths.lock, async () => {
    if (!existsSync(paths.directory)) return;
    refuseForeign(paths.directory);
    const found = readMarker(paths.marker);
    if (found.state === "present") {
      const { marker } = found;
      if (marker.pid !== null && (await livenessOf(marker, 1_000)) !== "dead")
        await endServer(marker.pid, paths.directory);
      await endEverything(paths.groups, marker.id);
    }
    rmSync(paths.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
}

async function endServer(pid: number, directory: string): Promise<void> {
  for (const [signal, rounds] of [
    ["SIGTERM", 80],
    ["SIGKILL", 20],
  ] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (let round = 0; round < rounds; round++) {
      if (!processExists(pid)) return;
      await sleep(100);
    }
  }
  throw stopFailed(directory, `its server, process ${pid}, does not end. End it yourself and try again.`);
}
