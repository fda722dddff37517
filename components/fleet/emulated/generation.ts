import { livenessOf } from "./liveness.ts";
import { readMarker } from "./marker.ts";
import { nodePaths } from "./nodeDirectory.ts";

/**
 * The generation that `ensure` would answer with now: that of the running server, or the next one when it must start.
 *
 * A program that passes it as a trigger starts a node again that a reboot took, and does nothing otherwise.
 * Takes some milliseconds, half a second at most (a server that is suspended counts as running).
 */
export async function nodeGeneration(directory: string): Promise<number> {
  const found = readMarker(nodePaths(directory).marker);
  if (found.state !== "present") return 1;
  const alive = (await livenessOf(found.marker, 400)) !== "dead";
  return alive ? found.marker.generation : found.marker.generation + 1;
}
