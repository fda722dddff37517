import { downloadFailed } from "./errors.ts";
import type { Runner } from "./exec.ts";
import { quote } from "./quote.ts";

export interface DownloadOptions {
  /** Refuse a larger file. @default 1 GiB */
  limitBytes?: number;
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

/** Read a file whole, and make sure that it is whole: the node says its size after the last byte. */
export async function downloadFile(
  run: Runner,
  node: string,
  remotePath: string,
  { limitBytes = 2 ** 30, ...limits }: DownloadOptions,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const path = quote(remotePath.startsWith("/") ? remotePath : `./${remotePath}`);
  // The size is asked of the same open file, so that a file replaced meanwhile is read as it was.
  const script = `exec 3< ${path} || exit 1
[ -d ${path} ] && { echo 'is a directory' >&2; exit 1; }
size=$(($(wc -c < ${path})))
[ "$size" -le ${limitBytes} ] || { echo "is larger than ${limitBytes} bytes ($size)" >&2; exit 1; }
cat <&3 || exit 1
`;
  const result = await run(script, {
    ...limits,
    shell: "posix",
    takeStdout: (chunk) => {
      bytes += chunk.length;
      if (bytes <= limitBytes) chunks.push(chunk);
    },
  });
  if (result.exitCode !== 0)
    throw downloadFailed(node, remotePath, result.stderr.trim().split("\n").at(-1) || "it cannot be read");
  if (bytes > limitBytes) throw downloadFailed(node, remotePath, `it is larger than ${limitBytes} bytes`);
  return Buffer.concat(chunks);
}
