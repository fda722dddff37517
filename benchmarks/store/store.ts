import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { RocmarkError, recordRefused, refusal, runExists } from "../errors.ts";
import { maxRecordBytes, parseStoredRecord } from "../parseRecord.ts";
import type { RunRecord } from "../record.ts";

/**
 * The records of a directory: `<id>.json`, one a run, written once and never changed. A reader sees a whole record or
 * none. Adapters lie beside them in `adapters/<id>/`.
 */

const recordFile = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.json$/;

/** A file that is no record, and why. */
export interface BadRecord {
  file: string;
  error: RocmarkError;
}

/** Names of the record files in a directory, sorted; none when there is no such directory yet. */
export async function readRecordNames(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw refusal(
      "E_RECORDS",
      `${directory} cannot be read as a records directory: ${cause.message}.`,
      cause,
    );
  });
  return names.filter((name) => recordFile.test(name)).sort();
}

/**
 * Adds a record: unique temporary name, fsync, link to the final name (which, unlike a rename, never replaces one that
 * is there), fsync of the directory. A process killed at any point leaves a whole record or a `.tmp` file nobody reads.
 */
export async function writeRecord(directory: string, record: RunRecord): Promise<string> {
  const path = join(directory, `${record.id}.json`);
  const text = `${JSON.stringify(record)}\n`;
  parseStoredRecord(text, path);
  await mkdir(directory, { recursive: true });
  const partial = join(directory, `.${record.id}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(partial, "wx", 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(partial, path).catch(async (cause: NodeJS.ErrnoException) => {
      if (cause.code === "EEXIST" || (await exists(path))) throw runExists(path);
      // Some file systems have no hard links; there, only two writers of one id at one moment could collide.
      if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(cause.code ?? "")) throw cause;
      await rename(partial, path);
    });
  } finally {
    await unlink(partial).catch(() => undefined);
  }
  await syncDirectory(directory);
  return path;
}

/** One record of a directory; size is checked before a byte is read. */
export async function readRecord(directory: string, name: string): Promise<RunRecord> {
  const path = join(directory, name);
  // O_NONBLOCK: a FIFO with a record's name must not hang the reader.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: Error) => {
    throw new RocmarkError("E_RECORD_READ", `${path} cannot be read: ${cause.message}.`, { cause });
  });
  try {
    const { size } = await file.stat().then((found) => {
      if (!found.isFile()) throw recordRefused(path, "", "a regular file", "something else");
      return found;
    });
    if (size > maxRecordBytes) throw recordRefused(path, "", `at most ${maxRecordBytes} bytes`, `${size}`);
    return parseStoredRecord(await file.readFile("utf8"), path);
  } finally {
    await file.close();
  }
}

/** Every record of a directory in the order of their names, one at a time; a bad file is reported and passed over. */
export async function* readRecords(
  directory: string,
  names: readonly string[],
  onBad: (bad: BadRecord) => void,
): AsyncGenerator<{ name: string; record: RunRecord }> {
  for (const name of names) {
    try {
      yield { name, record: await readRecord(directory, name) };
    } catch (error) {
      if (!(error instanceof RocmarkError)) throw error;
      onBad({ file: name, error });
    }
  }
}

/** Makes a rename or link in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whether a path exists. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
