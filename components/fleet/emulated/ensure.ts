import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";

import { writeAtomically } from "./atomicFile.ts";
import { readAuthorizedKeys, renderAuthorizedKeys } from "./authorizedKeys.ts";
import { endServers } from "./endServer.ts";
import { readLogin } from "./environment.ts";
import { startFailed } from "./errors.ts";
import { refuseTakenPort } from "./listen.ts";
import { livenessOf } from "./liveness.ts";
import { withLock } from "./lock.ts";
import { type Marker, type MarkerState, readMarker, writeMarker } from "./marker.ts";
import {
  makeNodeDirectories,
  type NodePaths,
  nodePaths,
  refuseForeign,
  refuseMismatch,
} from "./nodeDirectory.ts";
import { startDaemon } from "./startDaemon.ts";
import { sweep } from "./sweep.ts";

export interface EnsureArgs {
  name: string;
  directory: string;
  /** OpenSSH public keys that may log in. */
  authorizedKeyFile: string;
  /** 0 for any free one, kept from then on. */
  port: number;
  /** Counted anew by each `ensure`. */
  lifetimeHours: number;
  /** How long a client may take to authenticate, in seconds. */
  loginGraceSeconds: number;
}

/** Where a node is and how to know it. */
export interface NodeAddress {
  name: string;
  host: "127.0.0.1";
  port: number;
  user: string;
  hostKey: string;
  root: string;
  pid: number;
  generation: number;
}

/** Makes the node so: running, at its recorded address, with its own key and these settings. Changes nothing if it is. */
export async function ensureNode(args: EnsureArgs): Promise<NodeAddress> {
  const paths = nodePaths(args.directory);
  const keys = renderAuthorizedKeys(readAuthorizedKeys(args.authorizedKeyFile));
  return withLock(paths.lock, async () => {
    const found = readMarker(paths.marker);
    const marker = claimDirectory(paths, found, args);
    writeAtomically(paths.authorizedKeys, keys);
    const staysPut = args.port === 0 || args.port === marker.port;
    if ((await isServing(marker, paths)) && staysPut) return addressOf(renew(paths, marker, args), paths);
    // While the old server may still run: a port that cannot be had must not cost the one that was.
    if (!staysPut) await refuseTakenPort(args.port);
    // A new node has nothing to clear away.
    if (found.state !== "absent") await clear(paths, found);
    await startDaemon(paths, args);
    const started = readMarker(paths.marker);
    if (started.state !== "present") throw startFailed(args.name, "it left no valid node.json", paths.log);
    return addressOf(started.marker, paths);
  });
}

/** The directory's marker, made before all else that is in it: what has one may be mended, and deleted one day. */
function claimDirectory(paths: NodePaths, found: MarkerState, { name }: EnsureArgs): Marker {
  mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
  if (found.state === "present") refuseMismatch(paths, found.marker, name);
  else refuseForeign(paths.directory);
  const marker = found.state === "present" ? found.marker : newMarker(name, paths.directory);
  if (found.state !== "present") writeMarker(paths.marker, marker);
  makeNodeDirectories(paths);
  return marker;
}

function newMarker(name: string, directory: string): Marker {
  const id = randomBytes(8).toString("hex");
  const unknown = { generation: 0, port: null, hostKey: null, pid: null, expiresAt: 0 };
  return { kind: "rocmark-emulated-node", schema: 1, id, name, directory, ...unknown };
}

/** Whether the server is there, at this place, and answers. */
async function isServing(marker: Marker, paths: NodePaths): Promise<boolean> {
  const moved = marker.directory !== paths.directory;
  // One that accepts connections and says nothing may only be busy: it gets a while.
  for (let attempt = 0; attempt < 5; attempt++) {
    const found = await livenessOf(marker, 2_000);
    if (found === "dead") return false;
    if (found === "alive" && !moved) return true;
  }
  return false;
}

/** Ends what an earlier life of the node has left: a server that hangs, and processes that lost theirs. */
async function clear(paths: NodePaths, found: MarkerState): Promise<void> {
  await endServers(paths.directory, found);
  if (found.state === "present") await sweep(found.marker.id, paths, 1_000);
}

function renew(paths: NodePaths, marker: Marker, { lifetimeHours }: EnsureArgs): Marker {
  const renewed = {
    ...marker,
    directory: paths.directory,
    expiresAt: Date.now() + lifetimeHours * 3_600_000,
  };
  writeMarker(paths.marker, renewed);
  return renewed;
}

function addressOf(marker: Marker, paths: NodePaths): NodeAddress {
  const { name, port, hostKey, pid, generation } = marker;
  if (port === null || hostKey === null || pid === null)
    throw startFailed(name, "its node.json names no address", paths.log);
  return {
    name,
    host: "127.0.0.1",
    port,
    user: readLogin().user,
    hostKey,
    root: paths.root,
    pid,
    generation,
  };
}
