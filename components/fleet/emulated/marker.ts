import { readFileSync } from "node:fs";
import { writeAtomically } from "./atomicFile.ts";

/** What `node.json` says. Null until the first start has got that far. */
export interface Marker {
  kind: "rocmark-emulated-node";
  schema: 1;
  /** Random, 16 hexadecimal digits: in the SSH greeting it proves who listens, in the environment who started a process. */
  id: string;
  name: string;
  /** The directory as it was made, to tell a moved node from a copied one. */
  directory: string;
  /** How often the server was started. */
  generation: number;
  port: number | null;
  hostKey: string | null;
  pid: number | null;
  /** Milliseconds since 1970 after which the server ends by itself. */
  expiresAt: number;
}

export type MarkerState = { state: "absent" } | { state: "broken" } | { state: "present"; marker: Marker };

export function readMarker(path: string): MarkerState {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return { state: "absent" };
    throw error;
  }
  const marker = parseMarker(text);
  return marker === undefined ? { state: "broken" } : { state: "present", marker };
}

export function writeMarker(path: string, marker: Marker): void {
  writeAtomically(path, `${JSON.stringify(marker, null, 2)}\n`);
}

/** Written out instead of a schema library's: this is read at each preview, and loading one costs more than the rest. */
export function parseMarker(text: string): Marker | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const found = value as Partial<Record<keyof Marker, unknown>>;
  const valid =
    found.kind === "rocmark-emulated-node" &&
    found.schema === 1 &&
    typeof found.id === "string" &&
    /^[0-9a-f]{16}$/.test(found.id) &&
    typeof found.name === "string" &&
    typeof found.directory === "string" &&
    isCount(found.generation) &&
    (found.port === null || (isCount(found.port) && found.port >= 1 && found.port <= 65535)) &&
    (found.hostKey === null || typeof found.hostKey === "string") &&
    (found.pid === null || (isCount(found.pid) && found.pid > 1)) &&
    isCount(found.expiresAt);
  return valid ? (value as Marker) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
