import { type ChildProcess, spawn } from "node:child_process";
import { capture, signalExitCode } from "./processes.ts";

/** A program that is run to its end however the user presses Ctrl-C, and what is said when they do. */
export interface SteeredProgram {
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Called with 1, 2, ... for each interruption. */
  onInterrupt: (count: number) => void;
}

/**
 * One Ctrl-C reaches us several times: from the terminal, and forwarded by npm and by bootstrap.mjs. A second one that is
 * meant comes later than that.
 */
const sameInterruptMilliseconds = 1_000;

/**
 * Run a program in a session of its own, so that it gets each Ctrl-C exactly once: first it is asked to end, then asked
 * again, then it and everything it started is killed. Gives its exit code, as a shell counts.
 */
export function steer(program: SteeredProgram): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program.command, program.args, {
      cwd: program.cwd,
      env: program.env,
      stdio: ["ignore", "inherit", "inherit"],
      detached: true,
    });
    let [count, last] = [0, Number.NEGATIVE_INFINITY];
    const interrupt = () => {
      const now = performance.now();
      if (now - last < sameInterruptMilliseconds) return;
      last = now;
      count += 1;
      program.onInterrupt(count);
      if (count <= 2) child.kill("SIGINT");
      else void killTree(child);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) process.on(signal, interrupt);
    const release = () => {
      for (const signal of signals) process.off(signal, interrupt);
    };
    child.on("error", (error) => {
      release();
      reject(error);
    });
    child.on("close", (code, signal) => {
      release();
      resolve(signal === null ? (code ?? 1) : signalExitCode(signal));
    });
  });
}

/** Everything below a process in `ps -A -o pid=,ppid=`, itself first. */
export function descendants(listing: string, root: number): number[] {
  const children = new Map<number, number[]>();
  for (const line of listing.split("\n")) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    if (pid === undefined || parent === undefined || Number.isNaN(pid) || pid === parent) continue;
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  // The array grows while it is walked: each process found brings its own children.
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** Pulumi's plugins lead groups of their own, so ending its group alone would leave them. */
async function killTree(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const { stdout } = await capture("ps", ["-A", "-o", "pid=,ppid="], { timeoutSeconds: 5 });
  for (const pid of descendants(stdout, child.pid)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}
