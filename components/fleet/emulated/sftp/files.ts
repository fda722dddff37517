import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Attributes, renderAttributes, renderLongName } from "./attributes.ts";
import { string } from "./wire.ts";

const maxOpen = 256;

/** What the client knows by a handle: a file, or a directory that it is reading. */
type OpenEntry =
  | { kind: "file"; file: FileHandle; appends: boolean }
  | { kind: "directory"; path: string; names: string[] };

/** The open files of one SFTP session. */
export class OpenFiles {
  readonly #entries = new Map<string, OpenEntry>();
  #next = 0;

  add(entry: OpenEntry): string {
    const handle = String(this.#next++);
    this.#entries.set(handle, entry);
    return handle;
  }

  get isFull(): boolean {
    return this.#entries.size >= maxOpen;
  }

  file(handle: string): { file: FileHandle; appends: boolean } {
    const entry = this.#entries.get(handle);
    if (entry?.kind !== "file") throw new Error("no such file handle");
    return entry;
  }

  directory(handle: string): { path: string; names: string[] } {
    const entry = this.#entries.get(handle);
    if (entry?.kind !== "directory") throw new Error("no such directory handle");
    return entry;
  }

  async close(handle: string): Promise<void> {
    const entry = this.#entries.get(handle);
    if (entry === undefined) throw new Error("no such handle");
    this.#entries.delete(handle);
    if (entry.kind === "file") await entry.file.close();
  }

  async closeAll(): Promise<void> {
    for (const handle of [...this.#entries.keys()]) await this.close(handle).catch(() => {});
  }
}

const pflag = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

export async function openFile(path: string, flags: number, attributes: Attributes): Promise<OpenEntry> {
  const access =
    flags & pflag.write ? (flags & pflag.read ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY;
  const system =
    access |
    (flags & pflag.append ? constants.O_APPEND : 0) |
    (flags & pflag.create ? constants.O_CREAT : 0) |
    (flags & pflag.truncate ? constants.O_TRUNC : 0) |
    (flags & pflag.exclusive ? constants.O_EXCL : 0);
  const file = await open(path, system, attributes.permissions ?? 0o666);
  return { kind: "file", file, appends: (flags & pflag.append) !== 0 };
}

export async function openDirectory(path: string): Promise<OpenEntry> {
  return { kind: "directory", path, names: [".", "..", ...(await readdir(path))] };
}

/** Enough of the entries for one answer, each by name, as `ls -l` and with attributes; empty at the end. */
export async function nextEntries({ path, names }: { path: string; names: string[] }): Promise<Buffer[]> {
  const entries: Buffer[] = [];
  while (entries.length === 0 && names.length > 0) {
    for (const name of names.splice(0, 100)) {
      // One that was deleted since the listing is left out.
      const stats = await lstat(join(path, name)).catch(() => undefined);
      if (stats === undefined) continue;
      entries.push(
        Buffer.concat([string(name), string(renderLongName(name, stats)), renderAttributes(stats)]),
      );
    }
  }
  return entries;
}

/** What `setstat` and `fsetstat` do alike. */
export async function setAttributes(
  target: Pick<FileHandle, "truncate" | "chmod" | "chown" | "utimes">,
  { size, permissions, owner, times }: Attributes,
): Promise<void> {
  if (size !== undefined) await target.truncate(size);
  if (permissions !== undefined) await target.chmod(permissions);
  if (times !== undefined) await target.utimes(times.accessed, times.modified);
  if (owner !== undefined) await target.chown(owner.user, owner.group);
}
