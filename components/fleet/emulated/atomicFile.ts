import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { noDiskSpace } from "./errors.ts";

/** Replaces a file so that a reader, or the next boot after a power cut, sees the old text or the new, never a part. */
export function writeAtomically(path: string, text: string, mode = 0o600): void {
  const partial = `${path}.partial-${process.pid}`;
  try {
    const file = openSync(partial, "w", mode);
    try {
      const bytes = Buffer.from(text);
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    throw code === "ENOSPC" || code === "EDQUOT" ? noDiskSpace(path, error) : error;
  }
}
