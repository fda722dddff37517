import { createHash } from "node:crypto";
import { lockUnpinned } from "../errors.ts";

/** One package of a lock file. */
export interface LockedPackage {
  /** Name as PEP 503 normalises it: lower case, runs of `-`, `_` and `.` as one `-`. */
  name: string;
  version: string;
  /** Environment marker (PEP 508) that decides whether the package applies, null for always. */
  marker: string | null;
  /** sha256 digests of the files that may be installed, at least one. */
  hashes: readonly string[];
}

/** PEP 503's normal form of a package name. */
export const normaliseName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, "-");

/**
 * The packages of a hash-locked requirements file (pip's format, as `uv pip compile --generate-hashes` writes it).
 *
 * @throws RocmarkError E_LOCK naming the line that pins no version or no hash, or that is an option or an address.
 */
export function parseLock(file: string, text: string): LockedPackage[] {
  const packages: LockedPackage[] = [];
  let start = 0;
  let joined = "";
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/(^|\s)#.*$/, "").trim();
    if (joined === "") start = index + 1;
    joined += ` ${line.replace(/\\$/, "").trim()}`;
    if (line.endsWith("\\")) continue;
    const requirement = joined.trim();
    joined = "";
    if (requirement === "") continue;
    const hashes = [...requirement.matchAll(/--hash=sha256:([0-9a-f]{64})(?=\s|$)/g)].map(
      (match) => match[1] ?? "",
    );
    const [pin = "", marker] = requirement.replace(/\s*--hash=\S+/g, "").split(/\s*;\s*/);
    const match = /^([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9][A-Za-z0-9.+!_-]*)$/.exec(pin.trim());
    if (!match?.[1] || !match[2] || hashes.length === 0)
      throw lockUnpinned(file, start, requirement.slice(0, 80));
    packages.push({
      name: normaliseName(match[1]),
      version: match[2],
      marker: marker?.trim() ?? null,
      hashes,
    });
  }
  return packages;
}

/** What identifies an environment: sha256 over the lock of its packages and the lock of its installer. */
export const lockDigest = (...locks: readonly string[]): string => {
  const hash = createHash("sha256");
  for (const text of locks) hash.update(`${Buffer.byteLength(text)}\n`).update(text);
  return hash.digest("hex");
};
