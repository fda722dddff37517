import { type ChildProcess, spawn } from "node:child_process";
import { OutputBuffer } from "../ssh/outputBuffer.ts";
import { commandCancelled, commandNotStarted, type Ending, type Phase } from "./errors.ts";

export interface LocalOptions {
  phase: Phase;
  interpreter: readonly string[];
  directory: string;
  environment: Record<string, string>;
  stdin: string;
  signal: AbortSignal;
  onOutput(stream: "stdout" | "stderr", text: string): void;
}

/** Milliseconds between asking a cancelled command to end and ending it. */
const GRACE_MILLISECONDS = 5000;

/** Milliseconds of silence after which output that a daemon keeps open is given up. */
const SILENCE_MILLISECONDS = 500;

/**
 * Run a command on this machine, in a process group of its own, so that a cancellation ends all it started.
 *
 * It is over when the command has ended and its output is closed or silent: a daemon that it leaves behind, with
 * its output still open, does not hold the update (pulumi-command issue 201).
 */
export function runLocal(command: string, options: LocalOptions): Promise<Ending> {
  const [program = "/bin/sh", ...words] = options.interpreter;
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) return reject(commandCancelled(options.phase));
    const child = spawn(program, [...words, command], {
      cwd: options.directory,
      env: { ...process.env, ...options.environment },
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.once("error", (cause) =>
      reject(commandNotStarted(options.phase, program, options.directory, cause)),
    );
    child.stdin.on("error", () => {}); // a command need not read its input
    child.stdin.end(options.stdin);

    let lastOutput = Date.now();
    const collect = (stream: "stdout" | "stderr") => {
      const buffer = new OutputBuffer((text) => {
        lastOutput = Date.now();
        options.onOutput(stream, text);
      });
      child[stream].on("data", (chunk: Buffer) => buffer.push(chunk));
      return buffer;
    };
    const [stdout, stderr] = [collect("stdout"), collect("stderr")];
    const stopListening = endOnAbort(child, options.signal);

    let over = false;
    const finish = () => {
      if (over) return;
      over = true;
      stopListening();
      child.stdout.destroy();
      child.stderr.destroy();
      if (options.signal.aborted) return reject(commandCancelled(options.phase));
      const { exitCode, signalCode } = child;
      resolve({ exitCode, signal: signalCode, stdout: stdout.finish(), stderr: stderr.finish() });
    };
    child.once("close", finish);
    child.once("exit", () => {
      lastOutput = Date.now();
      const watch = setInterval(() => {
        if (!over && Date.now() - lastOutput < SILENCE_MILLISECONDS) return;
        clearInterval(watch);
        finish();
      }, 100);
    });
  });
}

/** The returned function stops listening; a group that was told to end is still killed after the grace. */
function endOnAbort(child: ChildProcess, signal: AbortSignal): () => void {
  const hit = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // the whole group is gone, which is what was wanted
    }
  };
  const end = () => {
    hit("SIGTERM");
    setTimeout(() => hit("SIGKILL"), GRACE_MILLISECONDS);
  };
  signal.addEventListener("abort", end, { once: true });
  return () => signal.removeEventListener("abort", end);
}
