import { spawn } from "node:child_process";

/** How a local command ended, and what it printed. */
export interface LocalResult {
  exitCode: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface LocalOptions {
  interpreter: readonly string[];
  dir: string | undefined;
  environment: Record<string, string>;
  stdin: string | undefined;
  signal: AbortSignal;
  onStdout: (text: string) => void;
  onStderr: (text: string) => void;
}

/** Milliseconds between asking a cancelled command to end and ending it. */
const graceMilliseconds = 10_000;

/**
 * Runs a command on this machine in a process group of its own, so that a cancellation ends all it started.
 *
 * It is over when the command itself has ended, also when a daemon it started still holds its output
 * (pulumi-command issue 201).
 */
export function runLocal(command: string, options: LocalOptions): Promise<LocalResult> {
  const [program = "/bin/sh", ...words] = options.interpreter;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...words, command], {
      cwd: options.dir,
      env: { ...process.env, ...options.environment },
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const collected = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      const listen = stream === "stdout" ? options.onStdout : options.onStderr;
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        collected[stream] += text;
        listen(text);
      });
    }
    child.stdin.on("error", () => undefined); // a command need not read its input
    child.stdin.end(options.stdin ?? "");

    const signalGroup = (signal: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // the group is gone, which is what was wanted
      }
    };
    let hard: NodeJS.Timeout | undefined;
    const cancel = () => {
      signalGroup("SIGTERM");
      hard = setTimeout(() => signalGroup("SIGKILL"), graceMilliseconds);
    };
    options.signal.addEventListener("abort", cancel, { once: true });
    if (options.signal.aborted) cancel();

    const finish = (exitCode: number | null, signal: string | null) => {
      clearTimeout(hard);
      options.signal.removeEventListener("abort", cancel);
      resolve({ exitCode, signal, ...collected });
    };
    child.once("error", reject);
    let ending: [number | null, string | null] | undefined;
    child.once("exit", (code, signal) => {
      ending = [code, signal];
      // What it printed last may still be on its way; a daemon that keeps the pipe open is not waited for.
      setTimeout(() => finish(code, signal), 500);
    });
    child.once("close", (code, signal) => finish(ending?.[0] ?? code, ending?.[1] ?? signal));
  });
}
