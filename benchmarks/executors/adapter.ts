import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { quote } from "../../ssh/quote.ts";
import { RocmarkError } from "../errors.ts";
import { syncDirectory } from "../store/store.ts";
import type { NodeConnection } from "./connection.ts";

const maxFiles = 64;
const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** The trainer's own list of the files, not part of the digest. */
const manifest = "manifest.json";

/** sha256 over the sorted lines `<name> <sha256>\n`, as the trainer computes it. */
export function adapterDigest(files: ReadonlyMap<string, Buffer>): string {
  const lines = [...files]
    .filter(([name]) => name !== manifest)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, content]) => `${name} ${createHash("sha256").update(content).digest("hex")}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}

/**
 * Copies `directory` on a node to `<records>/adapters/<id>/`: file by file, checked against the record's digest, put in
 * place as a whole. Returns the path inside the store.
 */
export async function downloadAdapter(
  connection: NodeConnection,
  {
    directory,
    records,
    id,
    sha256,
    signal,
  }: { directory: string; records: string; id: string; sha256: string; signal: AbortSignal },
): Promise<string> {
  const listing = await connection.exec(`cd ${quote(directory)} && ls -1A`, {
    shell: "posix",
    timeoutSeconds: 60,
    signal,
  });
  const names = listing.stdout.split("\n").filter((name) => name !== "");
  const odd = names.find((name) => !plainName.test(name));
  if (listing.exitCode !== 0 || names.length === 0 || names.length > maxFiles || odd !== undefined)
    throw new RocmarkError(
      "E_ADAPTER",
      `The adapter in ${directory}: wanted 1 to ${maxFiles} files with plain names, found ` +
        `${listing.exitCode !== 0 ? listing.stderr.trim() : odd !== undefined ? JSON.stringify(odd) : names.length}.`,
    );

  const files = new Map<string, Buffer>();
  for (const name of names) files.set(name, await connection.download(`${directory}/${name}`, { signal }));
  const found = adapterDigest(files);
  if (found !== sha256)
    throw new RocmarkError(
      "E_ADAPTER",
      `The adapter in ${directory}: wanted sha256 ${sha256}, found ${found}.`,
    );

  const adapters = join(records, "adapters");
  await mkdir(adapters, { recursive: true });
  const partial = join(adapters, `.${id}.${randomBytes(6).toString("hex")}`);
  try {
    await mkdir(partial);
    for (const [name, content] of files) await writeDurably(join(partial, name), content);
    await syncDirectory(partial);
    await rename(partial, join(adapters, id));
    await syncDirectory(adapters);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return `adapters/${id}`;
}

async function writeDurably(path: string, content: Buffer): Promise<void> {
  const file = await open(path, "wx", 0o644);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
