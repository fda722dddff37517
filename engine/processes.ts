import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";

/** How a child process ended, and what it printed where that was captured. */
export interface Outcome {
  /** Exit code; 128 + N after signal N, and 127 when the program could not be started. */
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Why it could not be started, or that it ran past its time limit; null when it ended by itself. */
  problem: string | null;
}

/** How to run a child process. */
export interface CaptureOptions {
  cwd?: string;
  /** @default the environment of this process */
  env?: NodeJS.ProcessEnv;
  /** Killed after this many seconds. @default no limit */
  timeoutSeconds?: number;
  /** Called with each whole line of standard error, as it comes. */
  onStderrLine?: (line: string) => void;
  /** Ends the process and everything it started. */
  signal?: AbortSignal | undefined;
}

/** The exit code a shell would give for a process ended by a signal. */
export const signalExitCode = (signal: NodeJS.Signals): number => 128 + (constants.signals[signal] ?? 0);

/** Signal a process and everything in the process group it leads. Nothing happens when it is gone. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

/**
 * Run a program with nothing on its standard input, and capture what it prints. Never throws.
 *
 * It leads a process group of its own: a compiler or downloader it started ends with it, and the terminal's Ctrl-C
 * reaches it through {@link CaptureOptions.signal} only, once.
 */
export function capture(
  command: string,
  args: readonly string[],
  options: CaptureOptions = {},
): Promise<Outcome> {
  const settings: SpawnOptions = { stdio: ["ignore", "pipe", "pipe"], detached: true };
  if (options.cwd !== undefined) settings.cwd = options.cwd;
  if (options.env !== undefined) settings.env = options.env;
  return new Promise((resolve) => {
    const child = spawn(command, args, settings);
    let [stdout, stderr, rest] = ["", "", ""];
    let problem: string | null = null;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) options.onStderrLine?.(line);
    });
    const timers: NodeJS.Timeout[] = [];
    const stop = () => {
      // A compiler cleans up after an interrupt; what does not within 5 s is ended without asking.
      signalGroup(child, "SIGINT");
      timers.push(setTimeout(() => signalGroup(child, "SIGKILL"), 5_000));
    };
    if (options.timeoutSeconds !== undefined) {
      const late = () => {
        problem = `it did not end within ${options.timeoutSeconds} s`;
        signalGroup(child, "SIGKILL");
      };
      timers.push(setTimeout(late, options.timeoutSeconds * 1000));
    }
    options.signal?.addEventListener("abort", stop, { once: true });
    if (options.signal?.aborted) stop();
    const end = (exitCode: number) => {
      for (const timer of timers) clearTimeout(timer);
      options.signal?.removeEventListener("abort", stop);
      resolve({ exitCode, stdout, stderr, problem });
    };
    child.on("error", (error) => {
      problem = error.message;
      end(127);
    });
    child.on("close", (code, signal) => end(signal === null ? (code ?? 1) : signalExitCode(signal)));
  });
}

/** The last lines of a program's output, for an error message. */
export const lastLines = (text: string, count: number): string =>
  text.trimEnd().split("\n").slice(-count).join("\n").trim();
