import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { directoryForeign, nodeMismatch } from "./errors.ts";
import { type Marker, readMarker } from "./marker.ts";

/** Where a node keeps what: all of it under one directory, except the lock, which must outlive that directory. */
export interface NodePaths {
  directory: string;
  /** Who this directory belongs to and where its server listens; its presence is the right to delete the directory. */
  marker: string;
  hostKey: string;
  authorizedKeys: string;
  /** What commands see as their home. */
  root: string;
  log: string;
  /** One file for each process group that runs, so that they can be found when the server is dead. */
  groups: string;
  /** Beside the directory: `stop` removes the directory while it holds the lock. */
  lock: string;
}

export function nodePaths(directory: string): NodePaths {
  const absolute = resolve(directory);
  return {
    directory: absolute,
    marker: join(absolute, "node.json"),
    hostKey: join(absolute, "host_key"),
    authorizedKeys: join(absolute, "authorized_keys"),
    root: join(absolute, "root"),
    log: join(absolute, "log"),
    groups: join(absolute, "groups"),
    lock: `${absolute}.lock`,
  };
}

const ownEntries = new Set(["node.json", "host_key", "authorized_keys", "root", "log", "log.1", "groups"]);

/** Entries that no node puts into its directory; a temporary file that a killed command left is the node's own. */
export function foreignEntries(directory: string): string[] {
  return readdirSync(directory).filter(
    (entry) => !ownEntries.has(entry) && !/^[a-z_.]+\.partial-\d+$/.test(entry),
  );
}

/** Refuses a directory with somebody else's files in it: `stop` would delete them one day. */
export function refuseForeign(directory: string): void {
  const foreign = foreignEntries(directory);
  if (foreign.length > 0) throw directoryForeign(directory, describe(foreign));
}

/** Refuses another node's directory, by name, and a copy of a node's directory, which has the address of its original. */
export function refuseMismatch(paths: NodePaths, marker: Marker, name: string | undefined): void {
  if (name !== undefined && marker.name !== name)
    throw nodeMismatch(paths.directory, `node "${name}"`, `node "${marker.name}"`);
  if (marker.directory === paths.directory || isSameFile(nodePaths(marker.directory).marker, paths.marker))
    return;
  const original = readMarker(nodePaths(marker.directory).marker);
  if (original.state === "present" && original.marker.id === marker.id)
    throw nodeMismatch(paths.directory, "itself (it looks like a copy)", `the node in ${marker.directory}`);
}

/** By way of a symbolic link, a directory has two paths. */
function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

export function makeNodeDirectories(paths: NodePaths): void {
  for (const directory of [paths.root, paths.groups]) mkdirSync(directory, { recursive: true, mode: 0o700 });
}

function describe(entries: string[]): string {
  const shown = entries.slice(0, 3).map((entry) => JSON.stringify(entry));
  return entries.length > 3 ? `${shown.join(", ")} and ${entries.length - 3} more` : shown.join(", ");
}
