import { execFile } from "node:child_process";

/** What a program left behind. `exitCode` is 128 plus the signal's number when a signal ended it, as a shell says it. */
export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string;
  environment?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Ends the program with SIGKILL. */
  signal?: AbortSignal;
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Runs a program to its end; throws only when it cannot be started. */
export function attempt(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      {
        env: options.environment ?? process.env,
        cwd: options.cwd,
        signal: options.signal,
        killSignal: "SIGKILL",
        maxBuffer: 256 * 2 ** 20,
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve({ exitCode: 0, stdout, stderr });
        if (typeof error.code === "string" && error.code !== "ABORT_ERR") return reject(error);
        const exitCode =
          typeof error.code === "number" ? error.code : 128 + (signalNumbers[error.signal ?? "SIGKILL"] ?? 0);
        resolve({ exitCode, stdout, stderr });
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input ?? "");
  });
}

/** Runs a program that has to succeed, and gives its standard output. */
export async function run(command: string, args: readonly string[], options?: RunOptions): Promise<string> {
  const { exitCode, stdout, stderr } = await attempt(command, args, options);
  if (exitCode === 0) return stdout;
  const said = (stderr.trim() || stdout.trim()).slice(-2000);
  throw new Error(`${command} ${args.join(" ")} ended with ${exitCode}: ${said}`);
}
