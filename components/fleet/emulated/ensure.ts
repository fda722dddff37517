import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, openSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { writeAtomically } from "./atomicFile.ts";
import { keyFileInvalid, nodeMismatch, portForbidden, portTaken, startFailed } from "./errors.ts";
import { livenessOf } from "./liveness.ts";
import { withLock } from "./lock.ts";
import { type Marker, readMarker } from "./marker.ts";
import { makeNodeDirectories, type NodePaths, nodePaths, refuseForeign } from "./nodeDirectory.ts";
import { readKeys } from "./server.ts";

export interface EnsureArgs {
  name: string;
  directory: string;
  /** OpenSSH public keys that may log in. */
  authorizedKeyFile: string;
  /** Port to listen on, 0 for any free one. */
  port: number;
  lifetimeHours: number;
}

/** Where a running node is. */
export interface NodeAnswer {
  name: string;
  host: "127.0.0.1";
  port: number;
  user: string;
  hostKey: string;
  root: string;
  pid: number;
  generation: number;
}

/** Milliseconds a server may take until it listens. */
const startLimit = 15_000;

/** Starts a node's server unless it runs, with the port and host key it had before. Safe to call at the same time. */
export function ensureNode(args: EnsureArgs): Promise<NodeAnswer> {
  const paths = nodePaths(args.directory);
  const keys = readAuthorizedKeys(args.authorizedKeyFile);
  return withLock(paths.lock, async () => {
    if (existsSync(paths.directory)) refuseForeign(paths.directory);
    const found = readMarker(paths.marker);
    const before = found.state === "present" ? found.marker : undefined;
    if (before !== undefined && before.name !== args.name) {
      throw nodeMismatch(paths.directory, `node "${args.name}"`, `node "${before.name}"`);
    }
    makeNodeDirectories(paths);
    writeAtomically(paths.authorizedKeys, keys);
    if (before !== undefined && (await livenessOf(before, 2_000)) !== "dead") return answer(before, paths);
    if (!existsSync(paths.hostKey))
      writeAtomically(paths.hostKey, ssh2.utils.generateKeyPairSync("ed25519").private);
    await start(paths, args, before);
    const started = readMarker(paths.marker);
    if (started.state !== "present") throw startFailed(args.name, "it left no node.json", paths.log);
    return answer(started.marker, paths);
  });
}

function readAuthorizedKeys(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw keyFileInvalid(file, "cannot be read", cause);
  }
  if (readKeys(file).length === 0) throw keyFileInvalid(file, "holds no public key");
  return text;
}

function answer(marker: Marker, paths: NodePaths): NodeAnswer {
  const { name, port, hostKey, pid, generation } = marker;
  if (port === null || hostKey === null || pid === null)
    throw startFailed(name, "its node.json is not complete", paths.log);
  return {
    name,
    host: "127.0.0.1",
    port,
    user: userInfo().username,
    hostKey,
    root: paths.root,
    pid,
    generation,
  };
}

function start(paths: NodePaths, args: EnsureArgs, before: Marker | undefined): Promise<void> {
  const port = before?.port ?? args.port;
  const words = [
    paths.directory,
    before?.id ?? randomBytes(8).toString("hex"),
    args.name,
    String((before?.generation ?? 0) + 1),
    String(port),
    String(Math.round(Date.now() + args.lifetimeHours * 3_600_000)),
  ];
  const log = openSync(paths.log, "a", 0o600);
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, "daemon.ts"), words, {
      detached: true,
      stdio: ["ignore", log, log, "ipc"],
      cwd: "/",
    });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(startFailed(args.name, `it did not listen within ${startLimit / 1000} s`, paths.log));
    }, startLimit);
    const settle = (run: () => void) => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.unref();
      run();
    };
    child.on("message", (message: { listening?: number; failed?: string }) => {
      if (message.listening !== undefined) settle(resolve);
      else if (message.failed === "EADDRINUSE")
        settle(() => reject(portTaken(port, undefined, before?.port == null ? "asked" : "recorded")));
      else if (message.failed === "EACCES") settle(() => reject(portForbidden(port, message.failed)));
      else settle(() => reject(startFailed(args.name, String(message.failed), paths.log)));
    });
    child.on("exit", (code) =>
      settle(() => reject(startFailed(args.name, `it ended with ${code}`, paths.log))),
    );
    child.on("error", (error) =>
      settle(() => reject(startFailed(args.name, error.message, paths.log, error))),
    );
  });
}
