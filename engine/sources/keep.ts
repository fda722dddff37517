import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { engineUnsound } from "../errors.ts";
import { capture, lastLines } from "../processes.ts";
import { isRunning } from "../running.ts";
import { pulumiVersion } from "../versions.ts";

/** An executable of the engine, and how it shows that it is sound. */
export interface Part {
  name: "pulumi" | "pulumi-language-nodejs";
  /** Arguments of a call that does nothing. */
  args: readonly string[];
  /** What a sound one prints then. */
  expected: string;
}

/** The language host first: Pulumi's npm package takes a folder for whole as soon as it holds the CLI. */
export const parts: readonly Part[] = [
  { name: "pulumi-language-nodejs", args: ["-h"], expected: "-tracing" },
  { name: "pulumi", args: ["version"], expected: `v${pulumiVersion}` },
];

/**
 * Move an executable to where it is looked for, if it runs and is what it should be.
 *
 * One rename: whoever looks at the same time finds it whole or not at all.
 *
 * @throws RocmarkError E_ENGINE_UNSOUND, with the file left where it was.
 */
export async function keep(part: Part, from: string, bin: string): Promise<string> {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const answer = await capture(from, part.args, { env, timeoutSeconds: 30 });
  const said = `${answer.stdout}\n${answer.stderr}`;
  if (!said.includes(part.expected) || answer.problem !== null)
    throw engineUnsound(part.name, part.expected, answer.problem ?? (lastLines(said, 3) || "nothing"));
  await mkdir(bin, { recursive: true });
  const kept = join(bin, part.name);
  await rename(from, kept);
  return kept;
}

const partialName = /^\.rocmark-(\d+)-partial$/;

/** A folder on the same disk as the versions, for what is not whole yet; it goes away however {@link use} ends. */
export async function withPartialFolder<T>(
  versions: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(versions, { recursive: true });
  await sweep(versions);
  const folder = join(versions, `.rocmark-${process.pid}-partial`);
  await mkdir(folder, { recursive: true });
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Remove what a killed run left: partial folders whose process is gone. */
async function sweep(versions: string): Promise<void> {
  for (const name of await readdir(versions)) {
    const pid = Number(partialName.exec(name)?.[1] ?? 0);
    if (pid > 0 && !isRunning(pid)) await rm(join(versions, name), { recursive: true, force: true });
  }
}
