import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import type { SshConnection } from "../ssh/connection.ts";
import { quote } from "../ssh/quote.ts";
import { sha256Function } from "../ssh/upload.ts";
import { isSwitchedOn } from "./commandInputs.ts";
import { badSource, ProviderError } from "./errors.ts";
import type { Operation, ResourceType } from "./operation.ts";
import { connect } from "./remoteCommand.ts";
import { type Source, withSource } from "./source.ts";
import { isArchive, isAsset, isObject, type Properties, reveal, type WireAsset } from "./wire.ts";

/**
 * What a copy put on the node, kept in state beside the official outputs: sha256 by absolute path (or relative to the
 * user's home, as given). It is what `read` compares and what a delete, when opted in, removes.
 */
export const COPIED = "copiedFiles";

/** `command:remote:CopyToRemote`. */
export const copyToRemote: ResourceType = {
  unknownUntilDone: [],
  toId: () => randomBytes(4).toString("hex"),

  async create(inputs, operation) {
    return { ...inputs, [COPIED]: await copy(await connect(inputs, operation), inputs, operation) };
  },

  /**
   * Copies when content or target changed; another host counts, since the file is not there yet, and so does one with
   * another host key: it was installed anew.
   */
  async update(inputs, state, operation) {
    const [now, before] = [toPlace(inputs), toPlace(state)];
    if (now !== before || !isObject(state[COPIED]))
      return { ...inputs, [COPIED]: await copy(await connect(inputs, operation), inputs, operation) };
    return { ...inputs, [COPIED]: state[COPIED] };
  },

  /**
   * As in the official plugin the files stay; PULUMI_COMMAND_DELETE_COPIED_FILES=true in the plugin's environment
   * removes those that are still as they were copied.
   */
  async delete(state, operation) {
    const copied = state[COPIED];
    if (!isSwitchedOn("PULUMI_COMMAND_DELETE_COPIED_FILES") || !isObject(copied)) return;
    const connection = await connect(state, operation);
    const found = await readDigests(connection, Object.keys(copied), operation);
    const same = Object.keys(copied).filter((path) => found[path] === copied[path]);
    if (same.length === 0) return;
    const removed = await connection.exec(`rm -f ${same.map(toWord).join(" ")}`, {
      shell: "posix",
      signal: operation.signal,
    });
    if (removed.exitCode !== 0)
      throw new ProviderError("E_COPY", `delete on ${connection.node}: copied files could not be removed.`);
  },

  /**
   * Drift: a file that is missing makes the resource gone, so that the next update copies again; a file that changed
   * shows as another source (pulumi-command issues 432 and 433 ask for it).
   */
  async read(state, inputs, operation) {
    const expected = toExpected(state);
    if (!expected) return { state, inputs };
    const connection = await connect(state, operation);
    const found = await readDigests(connection, Object.keys(expected), operation);
    const paths = Object.keys(expected);
    if (paths.some((path) => found[path] === undefined)) return undefined;
    const changed = paths.filter((path) => found[path] !== expected[path]);
    if (changed.length === 0) return { state, inputs };
    const hash =
      changed.length === 1 && isAsset(reveal(state.source)) ? found[changed[0] ?? ""] : "0".repeat(64);
    const drifted = { ...(reveal(state.source) as Properties), hash };
    return { state: { ...state, source: drifted }, inputs: { ...inputs, source: drifted } };
  },
};

async function copy(
  connection: SshConnection,
  inputs: Properties,
  operation: Operation,
): Promise<Properties> {
  const remotePath = String(reveal(inputs.remotePath));
  return await withSource(reveal(inputs.source), (source) =>
    copySource(connection, source, remotePath, operation),
  );
}

/** Put a source at a path, or into it when a directory is there. Returns what is where, by checksum. */
export async function copySource(
  connection: SshConnection,
  source: Source,
  remotePath: string,
  { signal }: Operation,
): Promise<Record<string, string>> {
  if (source.kind === "tree") {
    const target = source.name === undefined ? remotePath : posix.join(remotePath, source.name);
    const { files } = await connection.uploadTree(source.directory, target, { signal });
    return Object.fromEntries(
      Object.entries(files).map(([path, sha256]) => [posix.join(target, path), sha256]),
    );
  }
  let target = remotePath;
  const there = await connection.exec(`[ -d ${toWord(remotePath)} ]`, { shell: "posix", signal });
  if (there.exitCode === 0) {
    if (source.name === undefined)
      throw badSource(`${remotePath} is a directory on ${connection.node}; a text needs the path of a file`);
    target = posix.join(remotePath, source.name);
  }
  const mode = source.mode === undefined ? {} : { mode: source.mode };
  const { sha256 } = await connection.upload(source.content, target, { ...mode, signal });
  return { [target]: sha256 };
}

/** What must be there: as recorded, or for a state of the official plugin what the asset's hash says. */
function toExpected(state: Properties): Record<string, string> | undefined {
  const copied = state[COPIED];
  if (isObject(copied)) return copied as Record<string, string>;
  const source = reveal(state.source);
  const { hash } = source as WireAsset;
  return isAsset(source) && hash ? { [String(reveal(state.remotePath))]: hash } : undefined;
}

/** Digest by path; a path that is no readable file is left out. */
async function readDigests(
  connection: SshConnection,
  paths: readonly string[],
  { signal }: Operation,
): Promise<Record<string, string>> {
  const script = `${sha256Function}
while IFS= read -r f; do
  if [ -f "$f" ] && sum=$(sha256 < "$f"); then echo "$sum"; else echo -; fi
done`;
  const result = await connection.exec(script, {
    shell: "posix",
    signal,
    stdin: paths.map((path) => `${path.startsWith("/") ? path : `./${path}`}\n`).join(""),
  });
  const sums = result.stdout.split("\n");
  return Object.fromEntries(
    paths.flatMap((path, i) => (/^[0-9a-f]{64}$/.test(sums[i] ?? "") ? [[path, sums[i] ?? ""]] : [])),
  );
}

/** Where which content goes, as far as it decides whether to copy again. */
function toPlace(properties: Properties): string {
  const { connection, remotePath, source } = reveal(properties) as Properties;
  const { host, port, user, hostKey } = connection as Properties;
  const content = (isAsset(source) || isArchive(source)) && source.hash ? source.hash : source;
  return JSON.stringify([host, port ?? 22, user ?? "root", hostKey, remotePath, content]);
}

const toWord = (path: string): string => quote(path.startsWith("/") ? path : `./${path}`);
