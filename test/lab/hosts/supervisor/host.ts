import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, openSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeKeyPair } from "../../../../ssh/keyPair.ts";
import { readChildren } from "../liveness.ts";
import { environment } from "../machine.ts";
import { nodeAddress, type Place } from "../place.ts";
import { attempt, type Outcome, run } from "../run.ts";
import type { LabConfig } from "../settings.ts";
import { writeHostKey, writeIdentity } from "./identity.ts";
import { inNetwork, makeNodeNetwork, nodeName, setLink } from "./network.ts";

/** Exit codes of guest/usr/lib/lab/init. */
const rebootCode = 64;

const timeNamespace = existsSync("/proc/self/ns/time");

export type HostState = "off" | "booting" | "running";

/** One node: a file tree and a network card that stay, and the processes of its current boot. */
export class Host {
  readonly name: string;
  readonly address: string;
  readonly directory: string;
  hostKey = "";
  state: HostState = "off";
  /** Whether a reboot ends in a running host again. */
  returns = true;
  readonly #place: Place;
  readonly #index: number;
  readonly #config: LabConfig;
  #boot: ChildProcess | undefined;

  constructor(place: Place, index: number, config: LabConfig) {
    this.name = nodeName(index);
    this.address = nodeAddress(place, index);
    this.directory = join(place.directory, "nodes", this.name);
    this.#place = place;
    this.#index = index;
    this.#config = config;
  }

  get root(): string {
    return join(this.directory, "root");
  }

  /** Directory that the node sees as /lab. */
  get share(): string {
    return join(this.directory, "lab");
  }

  /** Makes the file tree and the network, before the first boot. `layer` lies over the base and under what the node writes. */
  async create(layer: string): Promise<void> {
    const disk = join(this.directory, "disk");
    for (const path of [disk, this.root, this.share]) await mkdir(path, { recursive: true });
    const size = `size=${this.#config.diskMiB}m,mode=755`;
    await run("mount", ["-t", "tmpfs", "-o", size, "tmpfs", disk], { environment });
    for (const path of ["upper", "work"]) await mkdir(join(disk, path));
    const overlay = `lowerdir=${layer}:${this.#config.base},upperdir=${disk}/upper,workdir=${disk}/work`;
    await run("mount", ["-t", "overlay", "-o", overlay, "overlay", this.root], { environment });
    await writeIdentity(this.root, this.#place, this.#index, this.#config);
    await this.newHostKey();
    await writeFile(join(this.share, "osrelease"), "6.8.0-60-generic\n");
    await makeNodeNetwork(this.#place, this.#index);
  }

  async newHostKey(): Promise<void> {
    const key = makeKeyPair();
    this.hostKey = key.publicKey;
    await writeHostKey(this.root, key);
  }

  /** Starts the node and waits until its sshd listens. */
  async boot(): Promise<void> {
    this.state = "booting";
    await writeFile(join(this.share, "boot_id"), `${randomUUID()}\n`);
    const uptime = Math.floor(Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]));
    const namespaces = ["--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc"];
    const clock = timeNamespace ? ["--time", "--boottime", String(-uptime)] : [];
    const script = [join(import.meta.dirname, "boot.sh"), this.root, this.share, this.name];
    const words = [...inNetwork(this.#index), "unshare", ...namespaces, ...clock, "bash", ...script];
    const console = openSync(join(this.directory, "console"), "a");
    const child = spawn("nsenter", words, { env: environment, stdio: ["ignore", console, console] });
    this.#boot = child;
    child.once("exit", (code) => this.#ended(code));
    await setLink(this.#index, "up");
    await this.#untilListens(child);
    this.state = "running";
  }

  /** Runs a command by bash as root inside the node, also when its network is cut. */
  exec(command: string, input = ""): Promise<Outcome> {
    const pid = this.#boot?.pid === undefined ? undefined : readChildren(this.#boot.pid)[0];
    if (pid === undefined) throw new Error(`${this.name} is off.`);
    const clock = timeNamespace ? ["--time"] : [];
    const namespaces = ["--mount", "--pid", "--net", "--uts", "--ipc", ...clock, "--root"];
    const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    const clean = ["env", "-C", "/", "-i", path, "HOME=/root", "LANG=C.UTF-8", "bash", "-c", command];
    return attempt("nsenter", ["--target", String(pid), ...namespaces, ...clean], { environment, input });
  }

  #ended(code: number | null): void {
    this.#boot = undefined;
    this.state = "off";
    // A host that is off answers nothing, not even "connection refused".
    const off = setLink(this.#index, "down");
    if (code === rebootCode && this.returns) off.then(() => this.boot()).catch(() => undefined);
    else off.catch(() => undefined);
  }

  async #untilListens(child: ChildProcess): Promise<void> {
    for (let tries = 0; tries < 600; tries += 1) {
      if (child.exitCode !== null) break;
      if (await answers(this.address, 22)) return;
      await sleep(50);
    }
    const console = await readFile(join(this.directory, "console"), "utf8").catch(() => "");
    throw new Error(`${this.name} did not come up: ${console.slice(-2000)}`);
  }
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const end = (answer: boolean) => {
      socket.destroy();
      done(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
