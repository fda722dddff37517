import { execFile } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** One process of this user, as the operating system shows it. */
export interface ProcessEntry {
  pid: number;
  group: number;
  /** Milliseconds since 1970, to the second. */
  startedAt: number;
}

/** The variable that marks everything a node starts, with the node's id. */
export const markerVariable = "ROCMARK_NODE";

/** Processes that run (not those that ended unreaped), by `ps` with columns that Linux and macOS both have. */
export async function readProcesses(): Promise<ProcessEntry[]> {
  return parseProcesses(await ps(["-A", "-o", "pid=,pgid=,stat=,lstart="]));
}

export function parseProcesses(text: string): ProcessEntry[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+([^Z\s]\S*)\s+(.+?)\s*$/.exec(line);
    if (match === null) return [];
    const startedAt = Date.parse(`${match[4]} UTC`);
    return Number.isNaN(startedAt) ? [] : [{ pid: Number(match[1]), group: Number(match[2]), startedAt }];
  });
}

/** Ids of the processes that carry the node's marker in the environment they were started with. */
export async function readMarked(id: string): Promise<number[]> {
  return process.platform === "linux"
    ? readMarkedFromProc(id)
    : parseMarked(await ps(["-axEww", "-o", "pid=,command="]), id);
}

function readMarkedFromProc(id: string): number[] {
  const wanted = `${markerVariable}=${id}`;
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      return readFileSync(`/proc/${entry}/environ`, "latin1").split("\0").includes(wanted)
        ? [Number(entry)]
        : [];
    } catch {
      // Another user's, or gone since the listing.
      return [];
    }
  });
}

/** `ps -E` of macOS shows the environment after the command, for processes of this user that the system does not guard. */
export function parseMarked(text: string, id: string): number[] {
  const wanted = new RegExp(`\\s${markerVariable}=${id}(\\s|$)`);
  return text.split("\n").flatMap((line) => {
    const pid = /^\s*(\d+)\s/.exec(line)?.[1];
    return pid !== undefined && wanted.test(line) ? [Number(pid)] : [];
  });
}

/** Where processes work, by process id; those of other users are left out. */
export async function readWorkingDirectories(pids: number[]): Promise<Map<number, string>> {
  if (pids.length === 0) return new Map();
  if (process.platform !== "linux")
    return parseWorkingDirectories(await output("lsof", ["-a", "-d", "cwd", "-Fn", "-p", pids.join(",")]));
  const found = new Map<number, string>();
  for (const pid of pids) {
    try {
      found.set(pid, readlinkSync(`/proc/${pid}/cwd`));
    } catch {
      // As above.
    }
  }
  return found;
}

/** `lsof -Fn`: a line for each field, `p` process and `n` path. */
export function parseWorkingDirectories(text: string): Map<number, string> {
  return new Map(
    [...text.matchAll(/^p(\d+)\n(?:f.*\n)?n(.+)$/gm)].map(([, pid, path]) => [Number(pid), path ?? ""]),
  );
}

const ps = (args: string[]): Promise<string> => output("ps", args);

/** A host without `ps` gives an empty table: what `/proc` shows is then all there is to go by. */
function output(program: string, args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
  return new Promise((resolve) => {
    execFile(program, args, { env, timeout: 10_000, maxBuffer: 64 * 2 ** 20 }, (_error, stdout) =>
      resolve(stdout),
    );
  });
}
