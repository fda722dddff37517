import { readFile } from "node:fs/promises";
import { checkpointFile } from "./localBackend.ts";

/** What has to be known of the local stack's state before an update. */
export interface Checkpoint {
  /** Resources whose creation had begun when Pulumi was killed: Pulumi does not know whether they exist. */
  pendingCreates: string[];
}

/** Read the parts of a checkpoint that matter here. What Pulumi cannot read either is left for it to report. */
export function parseCheckpoint(text: string): Checkpoint {
  if (!text.includes('"pending_operations"')) return { pendingCreates: [] };
  try {
    const operations: unknown = JSON.parse(text)?.checkpoint?.latest?.pending_operations;
    if (!Array.isArray(operations)) return { pendingCreates: [] };
    const creates = operations.filter((operation) => operation?.type === "creating");
    return { pendingCreates: creates.map((operation) => String(operation?.resource?.urn ?? "?")) };
  } catch {
    return { pendingCreates: [] };
  }
}

/** The local stack's checkpoint, null when the stack does not exist yet. */
export const readCheckpoint = (root: string): Promise<Checkpoint | null> =>
  readFile(checkpointFile(root), "utf8").then(parseCheckpoint, () => null);

/** The name a reader knows a resource by, from its URN. */
export const resourceName = (urn: string): string => urn.split("::").slice(-1)[0] ?? urn;

/** URN of the stack itself: a target that has nothing to refresh. */
export const stackUrn = "urn:pulumi:local::rocmark::pulumi:pulumi:Stack::rocmark-local";
