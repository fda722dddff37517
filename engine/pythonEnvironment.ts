import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { environmentFailed } from "./errors.ts";
import { environmentsFolder } from "./places.ts";
import { capture, lastLines } from "./processes.ts";
import { type Progress, type ProgressStream, startProgress } from "./progress.ts";
import { isRunning } from "./running.ts";

/** The locks that a Python environment is made from. Each pins every package with the hashes of its files. */
export interface PythonLocks {
  /** The installer, uv; pip installs it. */
  installer: string;
  /** All packages; uv installs them. */
  packages: string;
  /** What it is, for whoever waits for it. @default "the pinned Python environment (some GB the first time)" */
  what?: string;
}

/** Digest that names an environment: the same locks give the same one. */
export function environmentDigest(...locks: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of locks) hash.update(`${Buffer.byteLength(text)}\n`).update(text);
  return hash.digest("hex");
}

/** The Python of the environment that {@link locks} describe, made when this user has none yet. */
export async function ensurePython(
  locks: PythonLocks,
  env: NodeJS.ProcessEnv,
  stream: ProgressStream,
  signal: AbortSignal,
): Promise<string> {
  const texts = await Promise.all([locks.installer, locks.packages].map((file) => readFile(file, "utf8")));
  const environment = join(environmentsFolder(env), environmentDigest(...texts).slice(0, 16));
  const [python, complete] = [join(environment, "bin", "python"), join(environment, ".complete")];
  // A Python that was upgraded or removed leaves a link to nothing.
  const isWhole = () => existsSync(complete) && existsSync(python);
  if (isWhole()) return python;
  await mkdir(dirname(environment), { recursive: true });
  const { what = "the pinned Python environment (some GB the first time)" } = locks;
  const shown = startProgress(stream, `Installing ${what}`);
  const release = await acquire(`${environment}.lock`, shown, signal);
  try {
    if (!isWhole()) await install(environment, python, locks, env, signal);
    await writeFile(complete, "");
    return python;
  } finally {
    await release();
    shown.end("");
  }
}

/** Not made elsewhere and moved: an environment's own files name the folder it was made in. */
async function install(
  environment: string,
  python: string,
  locks: PythonLocks,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  await rm(environment, { recursive: true, force: true });
  const quiet = {
    ...env,
    UV_NO_PROGRESS: "1",
    UV_PYTHON_DOWNLOADS: "never",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
  };
  const pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"];
  // Compiled once here, not anew by each of the processes that import torch: half of their start.
  const compiled = "--compile-bytecode";
  const uv = ["pip", "install", "--quiet", compiled, "--python", python, "--no-deps", "--require-hashes"];
  const steps: readonly [string, readonly string[]][] = [
    ["python3", ["-m", "venv", environment]],
    [python, [...pip, "-r", locks.installer]],
    [join(environment, "bin", "uv"), [...uv, "-r", locks.packages]],
  ];
  for (const [command, args] of steps) {
    const { exitCode, stdout, stderr, problem } = await capture(command, args, { env: quiet, signal });
    signal.throwIfAborted();
    if (exitCode === 0) continue;
    const why = problem ?? lastLines(`${stdout}\n${stderr}`, 6);
    throw environmentFailed(environment, [command, ...args.slice(0, 3)].join(" "), why);
  }
}

/** Wait for another process that makes the same environment; one that was killed is not waited for. */
async function acquire(lock: string, shown: Progress, signal: AbortSignal): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await writeFile(lock, String(process.pid), { flag: "wx" });
      return () => rm(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = Number(await readFile(lock, "utf8").catch(() => ""));
    if (holder > 0 && !isRunning(holder)) await rm(lock, { force: true });
    else shown.update(`waiting for process ${holder}, which installs the same`);
    await sleep(500, undefined, { signal });
  }
}
