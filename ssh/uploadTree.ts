import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { create } from "tar";
import { treeUploadFailed } from "./errors.ts";
import type { Runner } from "./exec.ts";
import { quote } from "./quote.ts";

export interface TreeUploadOptions {
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

export interface TreeUpload {
  /** sha256 by path relative to the directory, with `/` between names. */
  files: Record<string, string>;
}

const refusals: Record<number, string> = {
  61: "the path exists and is no directory",
  62: "the directory cannot be made",
  63: "unpacking failed (is tar there, is the disk full?)",
  65: "a file on the node does not have the checksum of its source",
  67: "a file could not be put in place",
  68: "the node has neither sha256sum nor shasum to verify with",
};

/**
 * Copy the files of a directory into a directory on the node, over what is there: one tar stream to a temporary
 * directory beside the target's files, checksums of all of them, then one rename a file. Until every byte is verified
 * nothing is changed. Files that are there and not in the source stay. Symbolic links arrive as what they point to.
 */
export async function uploadTree(
  run: Runner,
  node: string,
  localDirectory: string,
  remoteDirectory: string,
  options: TreeUploadOptions,
): Promise<TreeUpload> {
  const fail = (reason: string, cause?: unknown) => treeUploadFailed(node, remoteDirectory, reason, cause);
  const { files, directories } = await readTree(localDirectory).catch((cause) => {
    throw fail(`the source cannot be read (${cause.code ?? cause.message})`, cause);
  });
  const strange = Object.keys(files).find((path) => /[\n\r\\]/.test(path));
  if (strange !== undefined)
    throw fail(`a file name holds a line break or a backslash: ${JSON.stringify(strange)}`);

  const archive = create({ cwd: localDirectory, follow: true, portable: true, noDirRecurse: true }, [
    ...directories.map((path) => `./${path}`),
    ...Object.keys(files).map((path) => `./${path}`),
  ]);
  const result = await run(renderTreeUpload(remoteDirectory, files), {
    ...options,
    shell: "posix",
    stdin: Readable.from(archive),
  });
  if (result.exitCode === 0) return { files };
  const said = result.stderr.trim().split("\n").at(-1) ?? "";
  const reason =
    refusals[result.exitCode ?? -1] ?? `the node's shell ended with ${result.exitCode ?? result.signal}`;
  throw fail(said === "" ? reason : `${reason}: ${said}`);
}

interface Tree {
  files: Record<string, string>;
  directories: string[];
}

/** Every file under a directory with its digest, in a stable order, links followed. */
export async function readTree(directory: string, below = ""): Promise<Tree> {
  const tree: Tree = { files: {}, directories: [] };
  for (const name of (await readdir(join(directory, below))).sort()) {
    const path = below === "" ? name : `${below}/${name}`;
    const found = await stat(join(directory, path));
    if (found.isDirectory()) {
      const inner = await readTree(directory, path);
      Object.assign(tree.files, inner.files);
      tree.directories.push(path, ...inner.directories);
    } else if (found.isFile()) {
      tree.files[path] = await readDigest(join(directory, path));
    }
  }
  return tree;
}

async function readDigest(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** The node's side: a POSIX script that reads the archive on stdin. */
export function renderTreeUpload(directory: string, files: Record<string, string>): string {
  const target = directory.startsWith("/") ? directory : `./${directory}`;
  return `set -u
target=${quote(target)}
[ -e "$target" ] && [ ! -d "$target" ] && exit 61
mkdir -p "$target" || exit 62
target=$(CDPATH= cd "$target" && pwd) || exit 62
partial=$target/.rocmark-${randomBytes(9).toString("hex")}
trap 'rm -rf "$partial"' EXIT
trap 'exit 143' HUP INT TERM
mkdir "$partial" && cd "$partial" || exit 62
tar -xf - || exit 63
if command -v sha256sum >/dev/null 2>&1; then check='sha256sum -c'; elif command -v shasum >/dev/null 2>&1; then check='shasum -a 256 -c'; else exit 68; fi
$check >/dev/null <<'SUMS' || exit 65
${Object.entries(files)
  .map(([path, sha256]) => `${sha256}  ./${path}\n`)
  .join("")}SUMS
find . -type d -exec sh -c 't=$1; shift; for d; do mkdir -p "$t/$d" || exit 1; done' sh "$target" {} + || exit 62
find . -type f -exec sh -c 't=$1; shift; for f; do [ -d "$t/$f" ] && exit 1; mv -f "$f" "$t/$f" || exit 1; done' sh "$target" {} + || exit 67
cd /
`;
}
