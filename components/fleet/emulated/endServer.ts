import { endProcesses } from "./endProcesses.ts";
import { livenessOf } from "./liveness.ts";
import type { MarkerState } from "./marker.ts";
import { findServers, readCommandLines } from "./serverProcesses.ts";

// A server ends what it started first: two graces, and a little for a busy machine.
const politeMs = 10_000;

/**
 * Ends the servers of a node's directory: the recorded one, and any that its command line gives away (when `node.json`
 * is damaged, or two were started). A process id alone could belong to somebody else by now, so it is never trusted.
 */
export async function endServers(directory: string, found: MarkerState): Promise<void> {
  const commands = await readCommandLines(["-A"]);
  const recorded = found.state === "present" ? found.marker : undefined;
  const pids = findServers(commands, recorded?.directory ?? directory);
  if (recorded !== undefined && recorded.pid !== null && !pids.includes(recorded.pid))
    if ((await livenessOf(recorded, 1_000)) === "alive") pids.push(recorded.pid);
  await endProcesses({ groups: [], pids }, politeMs);
}
