import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { badSource } from "./errors.ts";
import { isArchive, isAsset, type WireArchive, type WireAsset } from "./wire.ts";

/** What a copy's source is once it is at hand on this machine. */
export type Source =
  /** One file. `name` is what it is called when it is copied into a directory; a text has no name. */
  | { kind: "file"; name: string | undefined; content: Buffer | { file: string }; mode: number | undefined }
  /** A directory: its content goes below `name` in the target, or directly into the target without a name. */
  | { kind: "tree"; name: string | undefined; directory: string };

/**
 * Bring an asset or archive to hand, call `use` with it, and clean up. Like the official plugin: an archive file is
 * copied as it is, `dir` becomes `target/dir`, and `dir/` gives its content to the target.
 */
export async function withSource<T>(value: unknown, use: (source: Source) => Promise<T>): Promise<T> {
  if (isAsset(value)) return await use(await readAsset(value));
  if (!isArchive(value)) throw badSource("expected an asset or an archive");
  if (value.assets && !value.path && !value.uri) return await withAssembled(value.assets, use);
  return await use(await readArchiveSource(value));
}

async function readAsset({ text, path, uri }: WireAsset): Promise<Source> {
  if (path) return await readPath(path, "file");
  if (uri) return await readUri(uri);
  if (text !== undefined)
    return { kind: "file", name: undefined, content: Buffer.from(text), mode: undefined };
  throw badSource("the asset has neither text nor path nor URI");
}

async function readArchiveSource({ path, uri }: WireArchive): Promise<Source> {
  if (path) return await readPath(path, "any");
  if (uri) return await readUri(uri);
  throw badSource("the archive has neither path nor URI nor assets");
}

async function readPath(path: string, wanted: "file" | "any"): Promise<Source> {
  const found = await stat(path).catch((cause) => {
    throw badSource(`${path} cannot be read (${cause.code})`, cause);
  });
  if (!found.isDirectory())
    return { kind: "file", name: basename(path), content: { file: path }, mode: found.mode & 0o777 };
  if (wanted === "file") throw badSource(`${path} is a directory; give it as a FileArchive`);
  return { kind: "tree", name: path.endsWith("/") ? undefined : basename(path), directory: path };
}

async function readUri(uri: string): Promise<Source> {
  const url = new URL(uri);
  if (url.protocol === "file:") return await readPath(fileURLToPath(url), "file");
  const response = await fetch(url).catch((cause) => {
    throw badSource(`${url.host} cannot be reached`, cause);
  });
  if (!response.ok) throw badSource(`${url.host} answered ${response.status}`);
  const content = Buffer.from(await response.arrayBuffer());
  return { kind: "file", name: posix.basename(url.pathname) || undefined, content, mode: undefined };
}

/** An archive of named assets, put together in a temporary directory. */
async function withAssembled<T>(
  assets: Record<string, unknown>,
  use: (source: Source) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "rocmark-archive-"));
  try {
    await assemble(assets, directory);
    return await use({ kind: "tree", name: undefined, directory });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function assemble(assets: Record<string, unknown>, directory: string): Promise<void> {
  for (const [name, value] of Object.entries(assets)) {
    const target = join(directory, name);
    if (!`${target}/`.startsWith(`${directory}/`)) throw badSource(`"${name}" leads out of the archive`);
    await mkdir(dirname(target), { recursive: true });
    await withSource(value, async (source) => {
      if (source.kind === "tree") await cp(source.directory, target, { recursive: true, dereference: true });
      else if (Buffer.isBuffer(source.content)) await writeFile(target, source.content);
      else await cp(source.content.file, target, { dereference: true });
    });
  }
}

/** sha256 of a text, as the engine computes it for a text asset. */
export const toDigest = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
