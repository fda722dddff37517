import type { Stats } from "node:fs";
import { type PacketReader, uint32, uint64 } from "./wire.ts";

const flag = { size: 1, owner: 2, permissions: 4, times: 8, extended: 0x8000_0000 } as const;

/** What a client asks to set; what it leaves out stays. */
export interface Attributes {
  size?: number;
  owner?: { user: number; group: number };
  permissions?: number;
  /** Seconds since 1970. */
  times?: { accessed: number; modified: number };
}

export function readAttributes(reader: PacketReader): Attributes {
  const flags = reader.uint32();
  const attributes: Attributes = {};
  if (flags & flag.size) attributes.size = reader.uint64();
  if (flags & flag.owner) attributes.owner = { user: reader.uint32(), group: reader.uint32() };
  if (flags & flag.permissions) attributes.permissions = reader.uint32() & 0o7777;
  if (flags & flag.times) attributes.times = { accessed: reader.uint32(), modified: reader.uint32() };
  if (flags & flag.extended) for (let left = reader.uint32() * 2; left > 0; left--) reader.bytes();
  return attributes;
}

export function renderAttributes(stats: Stats): Buffer {
  return Buffer.concat([
    uint32(flag.size | flag.owner | flag.permissions | flag.times),
    uint64(stats.size),
    ...[stats.uid, stats.gid, stats.mode, stats.atimeMs / 1000, stats.mtimeMs / 1000].map(uint32),
  ]);
}

/** A directory entry as `ls -l` shows it; clients print it unread. */
export function renderLongName(name: string, stats: Stats): string {
  const letters = "rwxrwxrwx";
  const bits = [...letters].map((letter, index) => (stats.mode & (0o400 >> index) ? letter : "-")).join("");
  const kind = stats.isDirectory() ? "d" : stats.isSymbolicLink() ? "l" : "-";
  const time = stats.mtime.toISOString().slice(0, 16).replace("T", " ");
  return `${kind}${bits} ${String(stats.nlink).padStart(3)} ${stats.uid} ${stats.gid} ${String(stats.size).padStart(10)} ${time} ${name}`;
}
