import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startFailed } from "./errors.ts";
import { ensureHostKey } from "./hostKey.ts";
import { listenOrExplain } from "./listen.ts";
import { openLog } from "./logFile.ts";
import { type Marker, readMarker, writeMarker } from "./marker.ts";
import { type NodePaths, nodePaths } from "./nodeDirectory.ts";
import { ProcessGroups } from "./processGroups.ts";
import { createNodeServer } from "./server.ts";
import type { StartOutcome } from "./startDaemon.ts";
import { sweep } from "./sweep.ts";

const checkMs = 2_000;
const graceMs = 2_000;

export interface ServeArgs {
  directory: string;
  /** As asked for on the command line; 0 leaves the choice to us. */
  port: number;
  lifetimeHours: number;
  loginGraceMs: number;
}

/** Serves a node until it is told to stop, its time is over, or its directory is gone or somebody else's. */
export async function serve(args: ServeArgs): Promise<void> {
  const paths = nodePaths(args.directory);
  const log = openLog(paths.log);
  const found = readMarker(paths.marker);
  if (found.state !== "present") throw startFailed(paths.directory, "it has no valid node.json", paths.log);

  const { privateKey, publicKey } = ensureHostKey(paths.hostKey);
  const groups = new ProcessGroups(paths.groups);
  const { authorizedKeys, root } = paths;
  const { id } = found.marker;
  const server = createNodeServer({
    id,
    privateKey,
    authorizedKeys,
    root,
    groups,
    log,
    loginGraceMs: args.loginGraceMs,
  });
  const recorded = found.marker.port ?? 0;
  const port = await listenOrExplain(
    server.tcp,
    args.port === 0 ? recorded : args.port,
    args.port === 0 ? "recorded" : "asked",
  );

  const marker: Marker = {
    ...found.marker,
    directory: paths.directory,
    generation: found.marker.generation + 1,
    port,
    hostKey: publicKey,
    pid: process.pid,
    expiresAt: Date.now() + args.lifetimeHours * 3_600_000,
  };
  writeMarker(paths.marker, marker);
  log(
    `node ${marker.name} generation ${marker.generation} listens on 127.0.0.1:${port}, process ${process.pid}`,
  );
  process.on("uncaughtException", (error) => log(`unexpected: ${error.stack ?? error.message}`));
  process.on("SIGHUP", () => {});
  report({ started: true });

  const reason = await Promise.race([asked(), outlived(paths, marker, groups)]);
  log(`ends: ${reason}`);
  server.tcp.close();
  server.disconnectAll();
  await groups.endAll(graceMs);
  // A successor has the same id: what it started is not ours to end.
  if (reason !== "superseded") await sweep(id, paths, graceMs);
  log("ended");
}

/** Tells the command that started this server, if it is still there, how that went. */
export function report(outcome: StartOutcome): void {
  if (process.connected) process.send?.(outcome, () => process.disconnect?.());
}

function asked(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });
}

/** Resolves when there is no reason to go on. Looks at the clock itself: timers stand still while a laptop sleeps. */
async function outlived(paths: NodePaths, marker: Marker, groups: ProcessGroups): Promise<string> {
  let { expiresAt } = marker;
  let uptimeLimit = performance.now() + (expiresAt - Date.now());
  for (;;) {
    // The second clock is for a wall clock that is set back.
    if (Date.now() >= expiresAt || performance.now() >= uptimeLimit) return "lifetime over";
    await sleep(Math.max(1, Math.min(checkMs, expiresAt - Date.now())));
    groups.prune();
    const found = readMarkerOrUndefined(paths);
    if (found === undefined) continue;
    if (found.state !== "present") {
      if (statSync(paths.marker, { throwIfNoEntry: false }) === undefined) return "directory gone";
      continue;
    }
    if (found.marker.pid !== process.pid) return "superseded";
    if (found.marker.expiresAt !== expiresAt) {
      expiresAt = found.marker.expiresAt;
      uptimeLimit = performance.now() + (expiresAt - Date.now());
    }
  }
}

/** Undefined for a passing failure, such as too many open files. */
function readMarkerOrUndefined(paths: NodePaths): ReturnType<typeof readMarker> | undefined {
  try {
    return readMarker(paths.marker);
  } catch {
    return undefined;
  }
}
