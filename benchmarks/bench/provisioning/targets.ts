import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, connect as dial } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeKeyPair } from "../../../ssh/keyPair.ts";
import { refusal } from "../../errors.ts";
import { type Fleet, type Host, renderKnownHost } from "./hosts.ts";
import { skeleton } from "./steps.ts";

/** sshd must be started by its absolute path; it is rarely on a user's PATH. */
const program = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd"];

/** Real OpenSSH servers on loopback, one process a node, each with a host key, a port and a root directory of its own. */
export interface Targets extends Fleet {
  /** Every root as a host has it before it is provisioned. */
  empty(): Promise<void>;
  /** How often somebody got in so far, over all nodes. */
  countLogins(): Promise<number>;
  stop(): Promise<void>;
}

export async function startTargets(directory: string, count: number): Promise<Targets> {
  const sshd = program.find((path) => existsSync(path));
  if (sshd === undefined)
    throw refusal(
      "E_SSHD",
      "OpenSSH's sshd is not on this machine (Debian: apt-get install openssh-server).",
    );
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const privateKeyFile = join(directory, "key");
  const knownHostsFile = join(directory, "known_hosts");
  const authorizedKeysFile = join(directory, "authorized_keys");
  const key = makeKeyPair("rocmark-bench");
  await writeFile(privateKeyFile, key.privateKey, { mode: 0o600 });
  await writeFile(authorizedKeysFile, `${key.publicKey.trim()}\n`);

  const servers: Server[] = [];
  const stop = async () => {
    await Promise.all(servers.map(endServer));
  };
  try {
    for (let index = 0; index < count; index += 1) {
      const name = `node-${String(index).padStart(2, "0")}`;
      servers.push(await startServer(sshd, name, join(directory, name), authorizedKeysFile));
    }
    await Promise.all(servers.map(untilAnswers));
  } catch (error) {
    await stop();
    throw error;
  }
  const hosts = servers.map(({ host }) => host);
  await writeFile(knownHostsFile, hosts.map(renderKnownHost).join(""));
  return {
    hosts,
    privateKeyFile,
    knownHostsFile,
    async empty() {
      for (const { root } of hosts) {
        await rm(root, { recursive: true, force: true });
        for (const path of skeleton) await mkdir(join(root, path), { recursive: true });
      }
    },
    async countLogins() {
      const logs = await Promise.all(servers.map(({ log }) => readFile(log, "utf8")));
      return logs
        .join("")
        .split("\n")
        .filter((line) => line.startsWith("Accepted publickey for ")).length;
    },
    stop,
  };
}

interface Server {
  host: Host;
  log: string;
  child: ChildProcess;
}

async function startServer(sshd: string, name: string, directory: string, keys: string): Promise<Server> {
  await mkdir(directory);
  const at = (file: string) => join(directory, file);
  const hostKey = makeKeyPair(name);
  await writeFile(at("host"), hostKey.privateKey, { mode: 0o600 });
  const port = await freePort();
  const config = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${at("host")}`,
    `AuthorizedKeysFile ${keys}`,
    `PidFile ${at("sshd.pid")}`,
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "PermitRootLogin prohibit-password",
    "Subsystem sftp internal-sftp",
    // bash reads ~/.bashrc in a session of sshd unless it believes to be nested; a slow one would slow every side.
    "SetEnv SHLVL=2",
  ];
  await writeFile(at("sshd_config"), `${config.join("\n")}\n`);
  const log = await open(at("log"), "w");
  // The shell's input closes with us, however we end, and then it ends the server.
  const watched = `"$0" -D -e -f "$1" <&- & server=$!; read -r line; kill $server; wait $server`;
  const child = spawn("/bin/sh", ["-c", watched, sshd, at("sshd_config")], {
    stdio: ["pipe", "ignore", log.fd],
  });
  await log.close();
  const { username } = userInfo();
  const host = {
    name,
    address: "127.0.0.1",
    port,
    user: username,
    hostKey: hostKey.publicKey.trim(),
    root: at("root"),
  };
  return { host, log: at("log"), child };
}

async function endServer({ child }: Server): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.stdin?.end();
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function untilAnswers({ host, log }: Server): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const open = await new Promise<boolean>((done) => {
      const socket = dial(host.port, host.address);
      socket.once("connect", () => done(socket.destroy() && true));
      socket.once("error", () => done(false));
    });
    if (open) return;
    await sleep(50);
  }
  throw refusal("E_SSHD", `sshd of ${host.name} did not start:\n${await readFile(log, "utf8")}`);
}
