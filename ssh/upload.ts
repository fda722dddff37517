import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { SshError, uploadFailed } from "./errors.ts";
import type { Runner } from "./exec.ts";
import { quote } from "./quote.ts";

/** The bytes to send: in memory, or a local file that is streamed. */
export type UploadSource = Buffer | { file: string };

export interface UploadOptions {
  /** Permission bits, for example `0o600`. @default those of the file that is there, else 0o644 less the umask */
  mode?: number;
  /** Make missing directories above the file. @default true */
  parents?: boolean;
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

export interface Upload {
  /** Of the bytes that are on the node now, as computed there. */
  sha256: string;
  bytes: number;
}

/** What each exit code of the script below means. */
const refusals: Record<number, string> = {
  61: "the path is a directory",
  62: "no file can be made in its directory (does it exist, and may the user write there?)",
  63: "writing failed (is the disk full?)",
  64: "not all bytes arrived",
  65: "the checksum on the node is not that of the source (did the source change meanwhile?)",
  66: "the mode could not be set",
  67: "the new file could not be put in place",
  68: "the node has none of sha256sum, shasum and openssl to verify with",
};

/**
 * Write a file atomically: stream to a temporary name in the same directory, check size and sha256 there, set the
 * mode, flush, rename. On any failure, a full disk and a cut connection among them, the old file is untouched and
 * the temporary file is removed (except when the node itself dies in between: then `.rocmark-*` stays).
 *
 * A symbolic link is followed, not replaced; mode and, where permitted, owner of an existing file are kept.
 * Flushing: `sync FILE` where the node's sync knows it (coreutils 8.24, busybox, which fsync the file), else a plain
 * `sync`, which macOS does anyway and which only promises to have started writing there. The rename itself is not
 * flushed: after a power cut the old file may be back, whole.
 */
export async function uploadFile(
  run: Runner,
  node: string,
  source: UploadSource,
  remotePath: string,
  { mode, parents = true, ...limits }: UploadOptions,
): Promise<Upload> {
  if (remotePath === "" || remotePath.includes("\0"))
    throw uploadFailed(node, remotePath, "the path is empty or holds a NUL byte");
  const expected = await measure(source).catch((cause) => {
    throw uploadFailed(node, remotePath, `the source cannot be read (${cause.code ?? cause.message})`, cause);
  });
  const result = await run(renderUpload({ path: remotePath, ...expected, mode, parents }), {
    ...limits,
    shell: "posix",
    stdin: Buffer.isBuffer(source) ? source : createReadStream(source.file),
  }).catch((error) => {
    throw error instanceof SshError && error.code === "E_SSH_LOST"
      ? uploadFailed(node, remotePath, "the connection was lost", error)
      : error;
  });
  if (result.exitCode === 0) return expected;
  const said = result.stderr.trim().split("\n").at(-1) ?? "";
  const reason =
    refusals[result.exitCode ?? -1] ?? `the node's shell ended with ${result.exitCode ?? result.signal}`;
  throw uploadFailed(node, remotePath, said === "" ? reason : `${reason}: ${said}`);
}

async function measure(source: UploadSource): Promise<Upload> {
  const hash = createHash("sha256");
  if (Buffer.isBuffer(source)) return { sha256: hash.update(source).digest("hex"), bytes: source.length };
  let bytes = 0;
  await pipeline(createReadStream(source.file), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  });
  return { sha256: hash.digest("hex"), bytes };
}

interface UploadScript extends Upload {
  path: string;
  mode: number | undefined;
  parents: boolean;
}

/** The node's side of an upload, a POSIX script that reads the bytes on stdin. */
export function renderUpload({ path, sha256, bytes, mode, parents }: UploadScript): string {
  const target = path.startsWith("/") ? path : `./${path}`;
  return `set -u
target=${quote(target)}
[ -h "$target" ] && real=$(readlink -f "$target" 2>/dev/null) && [ -n "$real" ] && target=$real
[ -d "$target" ] && exit 61
directory=$(dirname "$target")
${parents ? 'mkdir -p "$directory" || exit 62' : '[ -d "$directory" ] || exit 62'}
partial=$directory/.rocmark-${randomBytes(9).toString("hex")}
${sha256Function}
trap 'rm -f "$partial"' EXIT
trap 'exit 143' HUP INT TERM
(set -C; : > "$partial") || exit 62
cat > "$partial" || exit 63
[ "$(($(wc -c < "$partial")))" -eq ${bytes} ] || exit 64
sum=$(sha256 < "$partial") || exit 68
[ "$sum" = ${sha256} ] || exit 65
${mode === undefined ? keepMode : `chmod ${mode.toString(8)} "$partial" || exit 66`}
sync "$partial" 2>/dev/null || sync
mv -f "$partial" "$target" || exit 67
trap - EXIT
`;
}

/** GNU and BSD stat differ; without either a new mode is all there is. */
const keepMode = `if [ -e "$target" ]; then
  now=$(stat -c '%a %u:%g' "$target" 2>/dev/null || stat -f '%Lp %u:%g' "$target" 2>/dev/null)
  [ -n "$now" ] && { chown "\${now#* }" "$partial" 2>/dev/null; chmod "\${now%% *}" "$partial" || exit 66; }
fi`;

/** Digest of stdin, 64 hexadecimal digits and nothing else. */
export const sha256Function = `sha256() {
  { sha256sum 2>/dev/null || shasum -a 256 2>/dev/null || openssl dgst -sha256 -r 2>/dev/null; } | awk '{ print $1; f = 1 } END { exit !f }'
}`;
