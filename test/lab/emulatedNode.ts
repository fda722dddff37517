import { execFile, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import ssh2, { type Client, type ClientChannel, type ConnectConfig } from "ssh2";
import { type NodeStatus, readStatus } from "../../components/fleet/emulated/status.ts";
import { stopNode } from "../../components/fleet/emulated/stop.ts";
import { makeKeyPair } from "../../ssh/keyPair.ts";

const program = join(import.meta.dirname, "../../components/fleet/emulated/main.ts");

/** What `ensure` prints. */
export interface Address {
  name: string;
  host: string;
  port: number;
  user: string;
  hostKey: string;
  root: string;
  pid: number;
  generation: number;
}

export interface CliResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface CommandResult {
  code: number | null;
  signal: string | undefined;
  stdout: Buffer;
  stderr: Buffer;
}

/** Another user to run the program as; its files then lie where that user may read them. */
export interface Identity {
  uid: number;
  gid: number;
}

/** A directory for nodes, a key that they accept, and the program that makes them; `dispose` leaves nothing. */
export class NodeLab {
  readonly directory: string;
  readonly privateKey: string;
  readonly publicKeyFile: string;
  readonly privateKeyFile: string;
  readonly #identity: Identity | undefined;
  readonly #nodes = new Set<string>();
  readonly #clients = new Set<Client>();

  constructor(identity?: Identity) {
    this.#identity = identity;
    this.directory = mkdtempSync(join(tmpdir(), "rocmark-node-"));
    const key = makeKeyPair();
    this.privateKey = key.privateKey;
    this.privateKeyFile = join(this.directory, "key");
    this.publicKeyFile = join(this.directory, "key.pub");
    writeFileSync(this.privateKeyFile, key.privateKey, { mode: 0o600 });
    writeFileSync(this.publicKeyFile, `${key.publicKey.trim()}\n`);
    if (identity === undefined) return;
    for (const path of [this.directory, this.privateKeyFile, this.publicKeyFile])
      chownSync(path, identity.uid, identity.gid);
    chmodSync(this.directory, 0o700);
  }

  path(name: string): string {
    return join(this.directory, "nodes", name);
  }

  /** Runs the program; never throws for its exit code. */
  cli(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<CliResult> {
    const options = {
      env: { ...process.env, ...environment },
      cwd: this.directory,
      ...this.#identity,
    };
    return new Promise((resolve) => {
      execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === "number" ? error.code : 255;
        resolve({ exitCode, stdout, stderr });
      });
    });
  }

  ensureResult(name: string, more: string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<CliResult> {
    this.#nodes.add(this.path(name));
    return this.cli(
      [
        "ensure",
        "--name",
        name,
        "--directory",
        this.path(name),
        "--authorized-key-file",
        this.publicKeyFile,
        ...more,
      ],
      environment,
    );
  }

  async ensure(name: string, more: string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<Address> {
    const { exitCode, stdout, stderr } = await this.ensureResult(name, more, environment);
    if (exitCode !== 0) throw new Error(`ensure ended with ${exitCode}: ${stderr}`);
    return JSON.parse(stdout) as Address;
  }

  stop(name: string): Promise<CliResult> {
    return this.cli(["stop", "--directory", this.path(name)]);
  }

  status(name: string): Promise<NodeStatus> {
    return readStatus(this.path(name));
  }

  /** A client that is connected, with the host key pinned. */
  connect(address: Address, more: ConnectConfig = {}): Promise<Client> {
    const client = new ssh2.Client();
    this.#clients.add(client);
    const expected = Buffer.from(address.hostKey.split(" ")[1] ?? "", "base64");
    return new Promise((resolve, reject) => {
      client.once("ready", () => {
        // Else each answer waits 40 ms: ssh2 writes a packet in two parts.
        client.setNoDelay(true);
        resolve(client);
      });
      client.once("error", reject);
      client.once("close", () => reject(new Error("closed before it was ready")));
      client.connect({
        host: address.host,
        port: address.port,
        username: address.user,
        privateKey: this.privateKey,
        hostVerifier: (key: Buffer) => key.equals(expected),
        readyTimeout: 20_000,
        ...more,
      });
    });
  }

  /** Ends clients and nodes, removes the directory, and gives what still ran of it: nothing, if all is well. */
  async dispose(): Promise<string[]> {
    for (const client of this.#clients) client.destroy();
    for (const directory of this.#nodes) await stopNode({ directory });
    const left = await this.leftovers();
    rmSync(this.directory, { recursive: true, force: true });
    return left;
  }

  /** Processes that mention this lab's directory in their command line or work in it, and what is left of its nodes. */
  async leftovers(): Promise<string[]> {
    for (let attempt = 0; ; attempt++) {
      const processes = runningIn(this.directory);
      if (processes.length === 0 || attempt === 20)
        return [...processes, ...listNodes(join(this.directory, "nodes"))];
      await sleep(100);
    }
  }
}

function listNodes(directory: string): string[] {
  try {
    return readdirSync(directory).map((entry) => join(directory, entry));
  } catch {
    return [];
  }
}

export function runningIn(text: string): string[] {
  const { stdout } = spawnSync("ps", ["-A", "-ww", "-o", "pid=,stat=,command="], { encoding: "utf8" });
  return stdout.split("\n").filter((line) => line.includes(text) && !/^\s*\d+\s+Z/.test(line));
}

export function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}

export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error(`waited in vain until ${what}`);
}

export function open(
  client: Client,
  command: string,
  options: ssh2.ExecOptions = {},
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, options, (error, channel) =>
      error === undefined ? resolve(channel) : reject(error),
    );
  });
}

/** Collects what a command writes until its channel closes. */
export function collect(channel: ClientChannel): Promise<CommandResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let exit: { code: number | null; signal: string | undefined } = { code: null, signal: undefined };
  channel.on("data", (chunk: Buffer) => stdout.push(chunk));
  channel.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  channel.on("exit", (code: number | null, signal?: string) => {
    exit = { code, signal };
  });
  return new Promise((resolve) => {
    channel.on("close", () =>
      resolve({ ...exit, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }),
    );
  });
}

export async function execute(
  client: Client,
  command: string,
  { input, ...options }: ssh2.ExecOptions & { input?: string | Buffer } = {},
): Promise<CommandResult> {
  const channel = await open(client, command, options);
  const result = collect(channel);
  channel.end(input ?? "");
  return result;
}
