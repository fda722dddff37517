import { spawn } from "node:child_process";
import { RocmarkError } from "../errors.ts";

export interface ProgramOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** What it reads on standard input. @default nothing */
  stdin?: string;
}

/** Lines of a failed program that are shown. */
const SHOWN_LINES = 40;

/** Run a program to its end; what it printed. Throws with its last lines when it fails. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdin.on("error", () => {}); // it need not read its input
    child.stdin.end(options.stdin ?? "");
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) return resolve(stdout);
      const lines = `${stdout}\n${stderr}`.trimEnd().split("\n").slice(-SHOWN_LINES);
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      reject(
        new RocmarkError("E_PROGRAM", `${command} ${args[0] ?? ""} ended with ${how}:\n${lines.join("\n")}`),
      );
    });
  });
}
