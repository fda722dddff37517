import { spawn } from "node:child_process";
import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel } from "ssh2";
import { commandEnvironment } from "./commandEnvironment.ts";
import { identOf } from "./liveness.ts";
import type { NodePaths } from "./nodeDirectory.ts";
import { forgetGroup, recordGroup } from "./processGroups.ts";

/** Clients at once; more are closed at once. */
const connectionLimit = 64;

/** Milliseconds a client has to prove who it is. */
const loginGrace = 30_000;

/** Failed proofs after which a client is put out. */
const attemptLimit = 6;

/** An SSH server that runs commands as the current user: public keys only, exec and its signals, no shell, no forwarding. */
export function createNodeServer(paths: NodePaths, id: string, log: (line: string) => void): ssh2.Server {
  let open = 0;
  return new ssh2.Server({ hostKeys: [readFileSync(paths.hostKey)], ident: identOf(id) }, (client) => {
    open += 1;
    client.once("close", () => {
      open -= 1;
    });
    client.on("error", (error) => log(`client: ${error.message}`));
    if (open > connectionLimit) {
      client.end();
      return;
    }
    const grace = setTimeout(() => client.end(), loginGrace);
    client.once("close", () => clearTimeout(grace));
    let failures = 0;
    client.on("authentication", (context) => {
      if (isAllowed(context, paths.authorizedKeys)) context.accept();
      else if (context.method === "none" || ++failures < attemptLimit) context.reject(["publickey"]);
      else client.end();
    });
    client.once("ready", () => {
      clearTimeout(grace);
      serve(client, paths, id, log);
    });
  });
}

// The file is read at each attempt, as sshd does: a key that was taken out is out at once.
function isAllowed(context: AuthContext, authorizedKeys: string): boolean {
  if (context.method !== "publickey") return false;
  const offered = context.key.data;
  const key = readKeys(authorizedKeys).find((entry) => {
    const data = entry.getPublicSSH();
    return data.length === offered.length && timingSafeEqual(data, offered);
  });
  if (key === undefined) return false;
  if (context.signature === undefined) return true; // only asked whether the key would do
  return context.blob !== undefined && key.verify(context.blob, context.signature, context.hashAlgo) === true;
}

/** The public keys of an authorized_keys file; lines that are none are left out. */
export function readKeys(file: string): ParsedKey[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => ssh2.utils.parseKey(line.trim()))
    .flatMap((parsed) => (parsed instanceof Error ? [] : [parsed]));
}

function serve(client: Connection, paths: NodePaths, id: string, log: (line: string) => void): void {
  client.on("session", (accept) => {
    const session = accept();
    const variables: Record<string, string> = {};
    session.on("env", (acceptEnv, reject, { key, val }) => {
      // As sshd's usual AcceptEnv: the language, and nothing that changes what a command does.
      if (/^(LANG|LC_[A-Z]+)$/.test(key)) {
        variables[key] = val;
        acceptEnv?.();
      } else reject?.();
    });
    session.once("exec", (acceptExec, _reject, { command }) => {
      const channel = acceptExec();
      const send = runCommand(
        channel,
        command,
        { ...commandEnvironment(paths.root, id, process.env), ...variables },
        paths,
        log,
      );
      session.on("signal", (acceptSignal, _rejectSignal, { name }) => {
        send(`SIG${name.replace(/^SIG/, "")}` as NodeJS.Signals);
        acceptSignal?.();
      });
    });
  });
}

/** Runs a command as leader of a process group and joins it to a channel; returns a function that signals the group. */
function runCommand(
  channel: ServerChannel,
  command: string,
  env: Record<string, string>,
  paths: NodePaths,
  log: (line: string) => void,
): (signal: NodeJS.Signals) => void {
  const child = spawn(env.SHELL ?? "/bin/sh", ["-c", command], {
    cwd: paths.root,
    env,
    detached: true,
    stdio: "pipe",
  });
  child.once("error", (error) => {
    log(`exec: ${error.message}`);
    channel.stderr.write(`${error.message}\n`);
    channel.exit(127);
    channel.end();
  });
  const { pid } = child;
  if (pid === undefined) return () => undefined;
  recordGroup(paths.groups, pid);
  channel.on("error", () => undefined);
  child.stdin.on("error", () => undefined); // a command need not read its input
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });

  let exit: [number | null, NodeJS.Signals | null] | undefined;
  const finish = () => {
    if (exit === undefined) return;
    const [code, signal] = exit;
    if (signal === null) channel.exit(code ?? 0);
    else channel.exit(signal.replace(/^SIG/, ""), false, "");
    channel.end();
    forgetGroup(paths.groups, pid);
  };
  child.once("exit", (code, signal) => {
    exit = [code, signal];
    // A daemon may keep the output open after the command has ended: what is in the pipe is sent, then the end.
    setTimeout(finish, 200).unref();
  });
  child.once("close", finish);
  return (signal) => {
    try {
      process.kill(-pid, signal);
    } catch {
      // gone meanwhile
    }
  };
}
