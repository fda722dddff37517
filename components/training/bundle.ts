import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import * as tar from "tar";

/** The trainer as every node gets it. */
export interface Bundle {
  /** sha256 over the path, mode and sha256 of each file, in hexadecimal. */
  digest: string;
  /** Uncompressed archive on this machine, named by the digest. */
  archive: string;
}

// Not needed to train: the scripts that make the bundled model, and what Python and its tools leave behind.
const leftOut = new Set(["__pycache__", "make", ".pytest_cache", ".ruff_cache", ".venv"]);

export interface BundleArgs {
  from: string;
  into: string;
  /** Further folders that no run of this stack needs, relative to `from`. */
  without?: readonly string[];
}

/**
 * Packs a folder into `<into>/<digest>.tar`, unless the archive of that digest is there already.
 *
 * The same files give the same bytes: sorted, modification times and owners left out. The archive is written to a name
 * of its own and renamed, so a reader sees all of it or none.
 */
export async function packBundle({ from, into, without = [] }: BundleArgs): Promise<Bundle> {
  const files = await listFiles(from, new Set(without));
  const hash = createHash("sha256");
  for (const file of files) {
    const path = join(from, file);
    const executable = ((await stat(path)).mode & 0o100) !== 0;
    const content = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    hash.update(`${file}\n${executable ? "x" : "-"}\n${content}\n`);
  }
  const digest = hash.digest("hex");
  const archive = join(into, `${digest}.tar`);
  const present = await stat(archive).then(
    () => true,
    () => false,
  );
  if (!present) {
    await mkdir(into, { recursive: true });
    const partial = `${archive}.${randomUUID()}`;
    try {
      // The archive holds `trainer/`, since the trainer is run as `python -m trainer` from the folder above.
      await tar.create(
        {
          file: partial,
          cwd: from,
          prefix: "trainer",
          portable: true,
          mtime: new Date(0),
          noDirRecurse: true,
        },
        files,
      );
      await rename(partial, archive);
    } finally {
      await rm(partial, { force: true });
    }
  }
  return { digest, archive };
}

async function listFiles(root: string, without: ReadonlySet<string>, under = ""): Promise<string[]> {
  const entries = await readdir(join(root, under), { withFileTypes: true });
  const nested = await Promise.all(
    entries
      .filter((entry) => !leftOut.has(entry.name) && !entry.name.endsWith(".pyc"))
      .map((entry) => {
        const path = under === "" ? entry.name : `${under}/${entry.name}`;
        if (without.has(path)) return Promise.resolve([]);
        return entry.isDirectory()
          ? listFiles(root, without, path)
          : Promise.resolve(entry.isFile() ? [path] : []);
      }),
  );
  return nested.flat().sort();
}
