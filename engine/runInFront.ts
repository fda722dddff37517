import { spawn } from "node:child_process";
import { signalExitCode } from "./processes.ts";

/**
 * Become another program: same process, terminal, files and signals, so nothing of ours is in its way. Never returns.
 */
export function become(program: string, args: readonly string[], env: NodeJS.ProcessEnv): never {
  if (process.execve === undefined)
    throw new Error("process.execve is missing: use the Node in node_modules");
  return process.execve(program, [program, ...args], definedOnly(env));
}

/** Run another program on our terminal and give its exit code: for the few calls after which we have work to do. */
export function runInFront(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", env });
    // The terminal sends Ctrl-C to both; what it means is the child's to say.
    const ignore = () => {};
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    process.on("SIGINT", ignore);
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, pass);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", ignore);
      for (const other of ["SIGTERM", "SIGHUP"] as const) process.off(other, pass);
      resolve(signal === null ? (code ?? 1) : signalExitCode(signal));
    });
  });
}

const definedOnly = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
