import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as tar from "tar";
import { RocmarkError } from "../errors.ts";

/** Bytes an adapter may have: a LoRA of rank 64 on all layers of an 8 B model has 0.7 GB, and stays on its node. */
export const maxAdapterBytes = 256 * 1024 * 1024;

const manifest = "manifest.json";

/**
 * Unpacks an adapter's archive into `<records>/adapters/<id>`, checked against the digest its record names: sha256 over the
 * lines `name sha256`, sorted by name, of all files but the manifest. All of it appears, or nothing.
 */
export async function keepAdapter(
  archive: Buffer,
  recordsDirectory: string,
  id: string,
  sha256: string,
): Promise<string> {
  const adapters = join(recordsDirectory, "adapters");
  const partial = join(adapters, `.${id}.${process.pid}.partial`);
  await mkdir(partial, { recursive: true });
  try {
    // Only files of the folder itself: a node is not trusted to name paths on this machine.
    const plain = (path: string) => /^(\.\/)?[A-Za-z0-9._-]+$/.test(path);
    await pipeline(
      Readable.from(archive),
      tar.extract({ cwd: partial, filter: plain, strict: true, preserveOwner: false }),
    );
    const found = await folderDigest(partial);
    if (found !== sha256)
      throw new RocmarkError(
        "E_ADAPTER",
        `The adapter of run ${id} arrived with digest ${found}; its record says ${sha256}.`,
      );
    await rename(partial, join(adapters, id));
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return `adapters/${id}`;
}

async function folderDigest(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name !== manifest).sort();
  const lines = await Promise.all(
    names.map(
      async (name) =>
        `${name} ${createHash("sha256")
          .update(await readFile(join(folder, name)))
          .digest("hex")}\n`,
    ),
  );
  return createHash("sha256").update(lines.join("")).digest("hex");
}
