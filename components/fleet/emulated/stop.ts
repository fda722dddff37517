import { chmodSync, lstatSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { endServers } from "./endServer.ts";
import { stopFailed } from "./errors.ts";
import { withLock } from "./lock.ts";
import { readMarker } from "./marker.ts";
import { nodePaths, refuseForeign, refuseMismatch } from "./nodeDirectory.ts";
import { sweep } from "./sweep.ts";

/** Ends the node, all that was started through it, and removes its directory. Nothing to do is success. */
export async function stopNode(args: {
  directory: string;
  name?: string | undefined;
}): Promise<{ processes: number }> {
  const asked = nodePaths(args.directory);
  return withLock(asked.lock, async () => {
    const stat = lstatSync(asked.directory, { throwIfNoEntry: false });
    if (stat === undefined) return { processes: 0 };
    const paths = stat.isSymbolicLink() ? nodePaths(realpathSync(asked.directory)) : asked;
    const found = readMarker(paths.marker);
    if (found.state === "present") refuseMismatch(paths, found.marker, args.name);
    else refuseForeign(paths.directory);

    await endServers(paths.directory, found);
    const id = found.state === "present" ? found.marker.id : "unknown";
    const processes = await sweep(id, paths, 2_000);
    removeTree(paths.directory);
    if (stat.isSymbolicLink()) rmSync(asked.directory, { force: true });
    return { processes };
  });
}

/** The marker goes last, so that a removal that was cut short can be taken up again. */
function removeTree(directory: string): void {
  try {
    for (const entry of readdirSync(directory))
      if (entry !== "node.json") removeStubbornly(join(directory, entry));
    removeStubbornly(directory);
  } catch (error) {
    throw stopFailed(
      directory,
      `cannot be removed (${(error as Error).message}). Remove it yourself, then run this again.`,
      error,
    );
  }
}

/** Directories without write permission, such as a module cache's, keep their entries from being removed. */
function removeStubbornly(path: string): void {
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  try {
    remove();
  } catch {
    makeWritable(path);
    remove();
  }
}

function makeWritable(path: string): void {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  chmodSync(path, 0o700);
  for (const entry of readdirSync(path)) makeWritable(join(path, entry));
}
