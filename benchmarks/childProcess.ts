import { spawn } from "node:child_process";

export interface ChildOptions {
  /** What it reads on standard input. @default nothing */
  input?: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Ends the child. */
  signal?: AbortSignal;
  /** Called with its standard error as it comes; otherwise kept. */
  onStderr?(text: string): void;
}

export interface ChildEnd {
  /** Null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program of another room, or of the machine, to its end. Rejects only where it cannot be started. */
export function runChild(
  command: string,
  args: readonly string[],
  { input = "", cwd, env, signal, onStderr }: ChildOptions = {},
): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, signal, stdio: ["pipe", "pipe", "pipe"] });
    const end: ChildEnd = { code: null, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      end.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (onStderr) onStderr(text);
      else end.stderr += text;
    });
    // A child that ends without having read all says why on its own streams.
    child.stdin.on("error", () => {}).end(input);
    child.on("error", reject).on("close", (code) => resolve({ ...end, code }));
  });
}
