import { constants } from "node:os";
import type { Connection, ServerChannel, Session } from "ssh2";
import { type RunningCommand, runCommand } from "./command.ts";
import { clientMaySet, commandEnvironment, type Login } from "./environment.ts";
import type { Log } from "./logFile.ts";
import type { PipePool } from "./pipePool.ts";
import type { ProcessGroups } from "./processGroups.ts";
import { serveSftp } from "./sftp/serveSftp.ts";

// As sshd's MaxSessions: what works here should not fail on a real host.
const maxSessions = 10;

export interface SessionArgs {
  id: string;
  login: Login;
  root: string;
  groups: ProcessGroups;
  pipes: PipePool;
  connection: { clientPort: number; port: number; client: string };
  log: Log;
}

/** Serves the sessions of one connection: `env`, `exec`, `shell`, `signal` and `sftp`. No terminals, no forwarding. */
export function serveSessions(client: Connection, args: SessionArgs): void {
  const open = new Set<AbortController>();
  client.on("session", (accept, reject) => {
    if (open.size >= maxSessions) return reject();
    const session = accept();
    const gone = new AbortController();
    open.add(gone);
    session.once("close", () => {
      open.delete(gone);
      gone.abort();
    });
    serveSession(session, gone.signal, args);
  });
  // ssh2 does not close the sessions of a connection that breaks.
  client.once("close", () => {
    for (const gone of open) gone.abort();
  });
}

function serveSession(session: Session, gone: AbortSignal, args: SessionArgs): void {
  const fromClient = new Map<string, string>();
  let running: Promise<RunningCommand | undefined> | undefined;

  session.on("env", (accept, reject, { key, val }) => {
    if (!clientMaySet(key) || val.includes("\0") || fromClient.size >= 100) return reject?.();
    fromClient.set(key, val);
    accept?.();
  });
  session.on("signal", (accept, reject, { name }) => {
    const signal = `SIG${name}`;
    if (running === undefined || !isSignal(signal)) return reject?.();
    void running.then((command) => command?.signal(signal));
    accept?.();
  });
  const start = (accept: () => ServerChannel, command: string | undefined) => {
    const { login, root, groups, pipes } = args;
    const environment = commandEnvironment({ ...args, own: process.env, fromClient });
    const channel = accept();
    const shell = login.shell;
    running = runCommand({ channel, shell, command, directory: root, environment, groups, pipes, gone });
  };
  session.on("exec", (accept, _reject, { command }) => start(accept, command));
  session.on("subsystem", (accept, reject, { name }) => {
    if (name === "sftp")
      serveSftp({ channel: accept(), gone, home: args.root, client: args.connection.client });
    else reject();
  });
  session.on("shell", (accept) => start(accept, undefined));
}

const isSignal = (name: string): name is NodeJS.Signals => Object.hasOwn(constants.signals, name);
