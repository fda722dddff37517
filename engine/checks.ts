import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { lookingWays, tryWays } from "./locate.ts";
import { environmentsFolder } from "./places.ts";
import { capture } from "./processes.ts";
import { findGo } from "./sources/goToolchain.ts";
import {
  isNewEnough,
  nodeVersion,
  parseVersion,
  pulumiVersion,
  pythonVersion,
  renderVersion,
} from "./versions.ts";

/** One thing this machine has to have, or would need in some case. */
export interface Check {
  name: string;
  /** "old" also means too little of it. */
  state: "ok" | "missing" | "old";
  /** What was found, for a reader. */
  found: string;
  /** How to get it; empty when it is there. */
  remedy: string;
  /** Whether nothing works without it: the others can be got by set-up, or are one way of several. */
  needed: boolean;
}

/** Disk that the Python environment and its caches take, in GiB. */
export const environmentDiskGiB = 12;

/** What a program's version says of it. Null stands for a program that is not there. */
export function judgeVersion(said: string | null, oldest: string): Pick<Check, "state" | "found"> {
  const version = said === null ? null : parseVersion(said);
  if (said === null || !version)
    return { state: "missing", found: said === null ? "none on the PATH" : "no version" };
  const found = renderVersion(version);
  return { state: isNewEnough(found, oldest) ? "ok" : "old", found };
}

/** A check with its remedy only where something is wanted. */
const check = (
  name: string,
  needed: boolean,
  judged: Pick<Check, "state" | "found">,
  remedy: string,
): Check => ({
  name,
  ...judged,
  remedy: judged.state === "ok" ? "" : remedy,
  needed,
});

/** What {@link command} prints, null when it is not there or fails. */
async function ask(
  env: NodeJS.ProcessEnv,
  command: string,
  ...args: readonly string[]
): Promise<string | null> {
  const { exitCode, stdout } = await capture(command, args, { env, timeoutSeconds: 20 });
  return exitCode === 0 ? stdout.trim() : null;
}

async function checkVenv(env: NodeJS.ProcessEnv): Promise<Pick<Check, "state" | "found">> {
  const there = (await ask(env, "python3", "-c", "import venv, ensurepip")) !== null;
  return there ? { state: "ok", found: "present" } : { state: "missing", found: "not importable" };
}

async function checkDisk(env: NodeJS.ProcessEnv): Promise<Pick<Check, "state" | "found">> {
  const folder = environmentsFolder(env);
  const free = await freeGiB(folder);
  return {
    state: free >= environmentDiskGiB ? "ok" : "old",
    found: `${Math.floor(free)} GiB free for ${folder}`,
  };
}

/** Free space where a folder is or will be. */
async function freeGiB(folder: string): Promise<number> {
  for (let at = folder; ; at = dirname(at)) {
    const stats = await statfs(at).catch(() => null);
    if (stats) return (stats.bavail * stats.bsize) / 2 ** 30;
    if (dirname(at) === at) return 0;
  }
}

/** Everything `npm start` needs of this machine. Looks only, and asks no host on the network. */
export async function runChecks(env: NodeJS.ProcessEnv): Promise<Check[]> {
  const [npm, python, git, venv, disk, engine] = await Promise.all([
    ask(env, "npm", "--version"),
    ask(env, "python3", "--version"),
    ask(env, "git", "--version"),
    checkVenv(env),
    checkDisk(env),
    tryWays(lookingWays, { env, progress: { write: () => {} } }),
  ]);
  const getEngine = "npm start gets it: by Pulumi's download, or with Go 1.25 or later from Go modules";
  const pulumi = engine.engine
    ? ({ state: "ok", found: `${engine.engine.version}, ${engine.engine.cli}` } as const)
    : ({ state: "missing", found: engine.attempts.map(({ reason }) => reason).join("; ") } as const);
  const host = engine.engine
    ? ({ state: "ok", found: engine.engine.languageHost } as const)
    : ({ state: "missing", found: "no whole engine" } as const);
  const checks = [
    check(
      "node",
      true,
      judgeVersion(process.versions.node, nodeVersion),
      "install Node 20 or later: https://nodejs.org",
    ),
    check("npm", true, judgeVersion(npm, "9.0.0"), "install npm 9 or later; it comes with Node"),
    check("python", true, judgeVersion(python, pythonVersion), "install Python 3.10 or later as python3"),
    check("python venv", true, venv, "on Debian and Ubuntu: apt-get install python3-venv"),
    check("git", true, judgeVersion(git, "2.0.0"), "install git"),
    check("disk", true, disk, `free ${environmentDiskGiB} GiB, or set XDG_CACHE_HOME to a larger disk`),
    check(`pulumi ${pulumiVersion}`, false, pulumi, getEngine),
    check("pulumi-language-nodejs", false, host, getEngine),
  ];
  return engine.engine ? checks : [...checks, await checkGo(env)];
}

/** Asked for only where there is no engine: then Go is the way that needs no host of Pulumi's. */
async function checkGo(env: NodeJS.ProcessEnv): Promise<Check> {
  const go = await findGo(env);
  const judged =
    "reason" in go
      ? ({ state: go.reason.includes("wanted") ? "old" : "missing", found: go.reason } as const)
      : ({ state: "ok", found: `${renderVersion(go.version)}, ${go.file}` } as const);
  return check(
    "go",
    false,
    judged,
    "only where Pulumi's download cannot be reached: https://go.dev/doc/install",
  );
}
