import { readFileSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessId, runs } from "./liveness.ts";
import { closeOperatorLink, operatorLinkExists } from "./operatorLink.ts";
import { isId, labsDirectory, type Place, toPlace } from "./place.ts";

/** Who keeps a lab alive. */
interface Keepers {
  /** Who starts the lab, or has started it. */
  launcher: ProcessId | undefined;
  bound: boolean;
  /** `unshare`, in the caller's process namespace, and the supervisor in the lab's own, by its number out here. */
  outer: ProcessId | undefined;
  inner: ProcessId | undefined;
}

/** Places of this machine's labs, ended ones that nobody has swept yet included. */
export async function listPlaces(): Promise<Place[]> {
  const labs = labsDirectory();
  await mkdir(labs, { recursive: true, mode: 0o700 });
  return (await readdir(labs)).filter(isId).map((id) => toPlace(id, labs));
}

/** Whether a lab runs, or is being started. */
export function isAlive(place: Place): boolean {
  const { launcher, outer, inner } = readKeepers(place);
  return outer === undefined ? runs(launcher) : runs(outer) || runs(inner);
}

/** Whether a lab ends with the process that started it. */
export const isBound = (place: Place): boolean => readKeepers(place).bound;

/** Removes what labs that have ended left behind: files, since all else ends with a lab's processes. */
export async function sweep(): Promise<void> {
  for (const place of await listPlaces()) if (!isAlive(place)) await endLab(place);
  const labs = labsDirectory();
  for (const name of await readdir(labs)) {
    const draft = /^draft-(\d+)-/.exec(name);
    const launcher = draft && readOwner(join(labs, name)).launcher;
    if (draft && Number(draft[1]) !== process.pid && !runs(launcher ?? undefined))
      await rm(join(labs, name), { recursive: true, force: true });
  }
}

/**
 * Ends a lab at once and removes all of it.
 *
 * The supervisor's end is the end of every process in the lab: the kernel holds it back until the last one is gone. The
 * mounts were never in this mount namespace, so that removing the directory can reach nothing but the lab's own files.
 */
export async function endLab(place: Place): Promise<void> {
  const { outer, inner } = readKeepers(place);
  for (const keeper of [inner, outer])
    if (keeper !== undefined && runs(keeper)) process.kill(keeper.pid, "SIGKILL");
  const lives = () => runs(outer) || runs(inner);
  for (let tries = 0; lives() || (await operatorLinkExists(place)); tries += 1) {
    if (tries === 600) throw new Error(`Lab ${place.id} does not end: see ${place.directory}.`);
    if (!lives()) await closeOperatorLink(place);
    await sleep(25);
  }
  await rm(place.directory, { recursive: true, force: true });
}

function readKeepers(place: Place): Keepers {
  const keepers = { launcher: undefined, bound: false, outer: undefined, inner: undefined };
  return { ...keepers, ...readOwner(place.directory), ...readJson(join(place.directory, "supervisor.json")) };
}

const readOwner = (directory: string): Partial<Keepers> => readJson(join(directory, "owner.json"));

function readJson(path: string): Partial<Keepers> {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Partial<Keepers>;
  } catch {
    return {};
  }
}
