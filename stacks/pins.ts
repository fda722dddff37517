import { resolve } from "node:path";
import { lockDigest, parseLock } from "../components/node/lock.ts";
import type { Environment, Pins, Software } from "../components/node/software.ts";
import { environmentNames, environmentPins, type SoftwareConfig, stackRequest } from "./software.ts";

/** What environments are installed from. */
export interface Locks {
  /** The project's folder, which a stack's paths are relative to. */
  project: string;
  /** The trainer's own lock, for an environment without one. */
  own: Software;
  /** The text of the lock of the installer itself. */
  uv: string;
  readText(path: string): string;
  /** Fingerprint of another key than AMD's that signs the repositories, for a mirror. */
  keyFingerprint?: string | undefined;
}

/** What a stack pins of its hosts; null where AMD's software is used as it is found. */
export function toPins(software: SoftwareConfig, locks: Locks): Pins | null {
  const request = stackRequest(software);
  const { driver, rocm, pytorch, variants } = software;
  if (request === null || [driver, rocm, pytorch, variants[0]].every((pin) => pin === undefined)) return null;
  const { allowUnknown, takeOverSources, reboot, kernelUpdates, removeOnDestroy } = software;
  return {
    request,
    environments: environmentNames(software).map((name) => toEnvironment(name, software, locks)),
    allowUnknown,
    takeOverSources,
    reboot,
    kernelUpdates,
    removeOnDestroy,
    ...(locks.keyFingerprint ? { keyFingerprint: locks.keyFingerprint } : {}),
  };
}

function toEnvironment(
  name: string,
  software: SoftwareConfig,
  { project, own, uv, readText }: Locks,
): Environment {
  const { pytorch, python = null, lock } = environmentPins(software, name);
  if (lock === undefined) return { name, ...own, isPinned: false, python, lock: null };
  const path = resolve(project, lock);
  const text = readText(path);
  return {
    name,
    packages: parseLock(lock, text),
    // The same lock in another Python, or for another build, is another environment.
    digest: lockDigest(text, uv, pytorch ?? "", python ?? ""),
    isPinned: pytorch !== undefined,
    python,
    lock: path,
  };
}
