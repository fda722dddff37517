import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Milliseconds between two looks. */
const EVERY = 250;

/** A process in `ps -A -o pid=,ppid=,rss=`, resident memory in KiB. */
export interface Resident {
  pid: number;
  parent: number;
  residentKiB: number;
}

export const parseProcesses = (listing: string): Resident[] =>
  [...listing.matchAll(/^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/gm)].map(([, pid, parent, resident]) => ({
    pid: Number(pid),
    parent: Number(parent),
    residentKiB: Number(resident),
  }));

/** Resident memory of a process and all that it started, in KiB. What they share is counted for each. */
export function residentKiB(processes: readonly Resident[], root: number): number {
  const children = Map.groupBy(processes, ({ parent }) => parent);
  const own = processes.find(({ pid }) => pid === root)?.residentKiB ?? 0;
  const below = (pid: number): number =>
    (children.get(pid) ?? []).reduce((sum, child) => sum + child.residentKiB + below(child.pid), 0);
  return own + below(root);
}

/** The most that a process and its descendants take together until {@link stop}, looked at four times a second. */
export function watchMemory(root: number): { stop(): Promise<number> } {
  let peak = 0;
  let over = false;
  const watch = async () => {
    while (!over) {
      const { stdout } = await execute("ps", ["-A", "-o", "pid=,ppid=,rss="]);
      peak = Math.max(peak, residentKiB(parseProcesses(stdout), root));
      await new Promise((done) => setTimeout(done, EVERY));
    }
  };
  const watching = watch();
  return {
    async stop() {
      over = true;
      await watching;
      return Math.round(peak / 1024);
    },
  };
}
