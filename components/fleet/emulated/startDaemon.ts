import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { passedEnvironment } from "./environment.ts";
import { NodeError, startFailed } from "./errors.ts";
import type { NodePaths } from "./nodeDirectory.ts";

/** What a server says to the command that started it. */
export type StartOutcome = { started: true } | { started: false; code: string; message: string };

// Sixteen nodes starting at once on two busy cores take some seconds each.
const startMs = 60_000;

export interface StartArgs {
  name: string;
  port: number;
  lifetimeHours: number;
  loginGraceSeconds: number;
}

/** Starts the server in a session of its own, so that it outlives this command and its terminal; waits until it listens. */
export function startDaemon(paths: NodePaths, args: StartArgs): Promise<void> {
  const log = openSync(paths.log, "a", 0o600);
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL("main.ts", import.meta.url)),
      "serve",
      `--directory=${paths.directory}`,
      `--port=${args.port}`,
      `--lifetime-hours=${args.lifetimeHours}`,
      `--login-grace-seconds=${args.loginGraceSeconds}`,
    ],
    { cwd: "/", detached: true, env: passedEnvironment(process.env), stdio: ["ignore", log, log, "ipc"] },
  );
  closeSync(log);
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.on("error", () => {});
      if (child.connected) child.disconnect();
      child.unref();
      if (error === undefined) resolve();
      else reject(error);
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      settle(startFailed(args.name, `it did not listen within ${startMs / 1000} s`, paths.log));
    }, startMs);
    child.once("message", (outcome: StartOutcome) =>
      settle(outcome.started ? undefined : new NodeError(outcome.code, outcome.message)),
    );
    child.once("error", (error) => settle(startFailed(args.name, error.message, paths.log, error)));
    child.once("exit", (code, signal) =>
      settle(startFailed(args.name, `its process ended (${signal ?? `exit code ${code}`})`, paths.log)),
    );
  });
}
