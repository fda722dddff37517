import { readLogin } from "./environment.ts";
import { livenessOf } from "./liveness.ts";
import { readMarker } from "./marker.ts";
import { nodePaths } from "./nodeDirectory.ts";

/** `stopped`: it has a directory and an address, and `ensure` starts it again. */
export type NodeState = "running" | "stopped" | "absent";

export interface NodeStatus {
  state: NodeState;
  directory: string;
  name?: string;
  host?: "127.0.0.1";
  port?: number | null;
  user?: string;
  hostKey?: string | null;
  root?: string;
  pid?: number | null;
  generation?: number;
  /** ISO 8601. */
  expiresAt?: string;
}

export async function readStatus(directory: string): Promise<NodeStatus> {
  const paths = nodePaths(directory);
  const found = readMarker(paths.marker);
  if (found.state !== "present") return { state: "absent", directory: paths.directory };
  const { name, port, hostKey, pid, generation, expiresAt } = found.marker;
  const state = (await livenessOf(found.marker, 2_000)) === "dead" ? "stopped" : "running";
  return {
    state,
    directory: paths.directory,
    name,
    host: "127.0.0.1",
    port,
    user: readLogin().user,
    hostKey,
    root: paths.root,
    pid: state === "running" ? pid : null,
    generation,
    expiresAt: new Date(expiresAt).toISOString(),
  };
}
