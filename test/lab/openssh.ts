import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect as dial } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SshSettings } from "../../ssh/settings.ts";

/** sshd must be started by its absolute path; it is rarely on a user's PATH. */
const sshd = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd"].find((path) =>
  existsSync(path),
);

/** Why there is no OpenSSH server to test with; undefined when there is one. */
export const missingOpenSsh =
  sshd === undefined
    ? "OpenSSH's sshd is not on this machine (Debian: apt-get install openssh-server)"
    : undefined;

/** A real sshd on loopback, run by the current user, with its own host key and one authorized key. */
export interface OpenSsh {
  port: number;
  user: string;
  /** OpenSSH form. */
  hostKey: string;
  privateKey: string;
  privateKeyFile: string;
  directory: string;
  /** How to connect, host key pinned. */
  settings: SshSettings;
  stop(): Promise<void>;
}

export interface OpenSshOptions {
  /** Further lines of sshd_config. */
  config?: readonly string[];
  /** No file of a session may grow beyond this: a full disk, as far as a write can tell. */
  largestFileKiB?: number;
}

export async function startOpenSsh({ config = [], largestFileKiB }: OpenSshOptions = {}): Promise<OpenSsh> {
  if (sshd === undefined) throw new Error(missingOpenSsh);
  // Not under /tmp directly: sshd checks who may write to the path of authorized_keys (StrictModes is off for that).
  const directory = mkdtempSync(join(tmpdir(), "rocmark-sshd-"));
  const at = (name: string) => join(directory, name);
  for (const name of ["host", "user"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(name)]);
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const port = await freePort();
  const user = userInfo().username;
  writeFileSync(at("authorized_keys"), readFileSync(at("user.pub")));
  writeFileSync(
    at("sshd_config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${at("host")}`,
      `AuthorizedKeysFile ${at("authorized_keys")}`,
      `PidFile ${at("sshd.pid")}`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "PermitRootLogin prohibit-password",
      "Subsystem sftp internal-sftp",
      // bash reads ~/.bashrc in a session of sshd unless it believes to be nested; a slow one would slow every test.
      "SetEnv SHLVL=2",
      ...config,
      "",
    ].join("\n"),
  );
  // ulimit counts in blocks of 512 bytes (POSIX sh).
  const limit = largestFileKiB === undefined ? "" : `ulimit -f ${largestFileKiB * 2}; `;
  const server = spawn("/bin/sh", ["-c", `${limit}exec "$0" -D -e -f "$1"`, sshd, at("sshd_config")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  server.stderr.on("data", (chunk) => {
    log = (log + chunk).slice(-4000);
  });
  await untilAnswers(port, server, () => log);
  const privateKey = readFileSync(at("user"), "utf8");
  const hostKey = readFileSync(at("host.pub"), "utf8").trim();
  return {
    port,
    user,
    hostKey,
    privateKey,
    privateKeyFile: at("user"),
    directory,
    settings: {
      host: "127.0.0.1",
      port,
      user,
      credentials: { privateKey },
      hostKey: { kind: "pinned", key: hostKey },
      dialErrorLimit: 3,
    },
    async stop() {
      const ended = new Promise((done) => server.once("exit", done));
      if (server.exitCode === null && server.signalCode === null) {
        server.kill("SIGKILL");
        await ended;
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function untilAnswers(port: number, server: ChildProcess, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (server.exitCode !== null) break;
    const open = await new Promise<boolean>((done) => {
      const socket = dial(port, "127.0.0.1");
      socket.once("connect", () => done(socket.destroy() && true));
      socket.once("error", () => done(false));
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`sshd did not start:\n${log()}`);
}
