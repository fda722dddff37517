import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { selectPaths } from "./globs.ts";
import { toArchive, toAsset } from "./wire.ts";

/** The assets that globs find under a directory after a command, by path. Files only, links as files. */
export async function readAssets(
  directory: string,
  globs: readonly string[],
): Promise<Record<string, unknown>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      join(entry.parentPath, entry.name).slice(join(directory, "/").length).replaceAll("\\", "/"),
    )
    .sort();
  const assets: Record<string, unknown> = {};
  for (const path of selectPaths(paths, globs)) {
    const file = join(directory, path);
    assets[path] = toAsset({ path: file, hash: await readDigest(file) });
  }
  return assets;
}

/** The same as one archive. Its hash covers names and contents; the engine computes its own where it needs one. */
export async function readArchive(directory: string, globs: readonly string[]): Promise<unknown> {
  const assets = await readAssets(directory, globs);
  const digest = createHash("sha256")
    .update(JSON.stringify(Object.entries(assets)))
    .digest("hex");
  return toArchive({ assets, hash: digest });
}

export async function readDigest(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
