import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** A fresh clone of this project with an empty HOME: what somebody has who just heard of it. */
export interface Checkout {
  directory: string;
  home: string;
  /** Runs a program in the clone; output is shown as it comes, and returned. */
  run(
    command: string,
    ...args: string[]
  ): Promise<{ code: number | null; stdout: string; stderr: string; seconds: number }>;
  remove(): void;
}

const project = resolve(import.meta.dirname, "..", "..");

// What a login shell would have; everything else of the caller's environment stays out.
const kept =
  /^(PATH|LANG|LC_.*|TERM|CI|.*_PROXY|.*_proxy|SSL_.*|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|PIP_.*|UV_INDEX.*|GOPROXY|GOSUMDB|GOFLAGS|npm_config_registry)$/;

export function cloneCheckout(): Checkout {
  const base = mkdtempSync(join(tmpdir(), "rocmark-first-"));
  const [directory, home] = [join(base, "rocmark"), join(base, "home")];
  execFileSync("git", ["clone", "--quiet", "--no-hardlinks", project, directory]);
  execFileSync("mkdir", [home]);
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([key]) => kept.test(key))),
    HOME: home,
  };
  // Our own node_modules/.bin is on the PATH here; a newcomer's is not.
  const PATH = (process.env.PATH ?? "")
    .split(":")
    .filter((entry) => !entry.includes("node_modules"))
    .join(":");

  const run: Checkout["run"] = (command, ...args) =>
    new Promise((done, failed) => {
      const started = performance.now();
      const child = spawn(command, args, {
        cwd: directory,
        env: { ...env, PATH },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => {
        stdout += chunk;
        process.stdout.write(chunk);
      });
      child.stderr.on("data", (chunk: Buffer) => {
        stderr += chunk;
        process.stderr.write(chunk);
      });
      child.on("error", failed);
      child.on("close", (code) =>
        done({ code, stdout, stderr, seconds: (performance.now() - started) / 1000 }),
      );
    });
  return { directory, home, run, remove: () => rmSync(base, { recursive: true, force: true }) };
}
