import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeKeyPair } from "../../../../ssh/keyPair.ts";
import { readChildren } from "../liveness.ts";
import { environment } from "../machine.ts";
import { nodeAddress, type Place } from "../place.ts";
import { attempt, type Outcome } from "../run.ts";
import type { LabConfig } from "../settings.ts";
import { Disk } from "./disk.ts";
import { Hardware } from "./hardware.ts";
import { writeHostKey, writeIdentity } from "./identity.ts";
import { installKernel } from "./kernelTree.ts";
import { Link } from "./link.ts";
import { inNetwork, makeNodeNetwork, nodeName } from "./network.ts";

/** Exit code of guest/usr/lib/lab/init for a reboot; any other end is a power off. */
const rebootCode = 64;

const timeNamespace = existsSync("/proc/self/ns/time");

export type HostState = "off" | "booting" | "running";

/** What a reboot comes back with, once. */
export interface NextBoot {
  /** How long the host is off. */
  offSeconds?: number;
  /** Whether it comes back at all; otherwise it stays off until it is turned on. */
  returns?: boolean;
  /** A kernel that somebody has installed meanwhile. */
  kernel?: string;
  /** Another host key, on the same disk. */
  newHostKey?: boolean;
  /** Another host: an empty disk and another host key. */
  reinstalled?: boolean;
}

/** One node: a file tree and a network card that stay, and the processes of its current boot. */
export class Host {
  readonly name: string;
  readonly address: string;
  readonly directory: string;
  readonly hardware: Hardware;
  readonly link: Link;
  readonly disk: Disk;
  hostKey = "";
  state: HostState = "off";
  /** How often it has been started. */
  boots = 0;
  nextBoot: NextBoot = {};
  readonly #place: Place;
  readonly #index: number;
  readonly #config: LabConfig;
  #boot: ChildProcess | undefined;

  constructor(place: Place, index: number, config: LabConfig, layer: string) {
    this.name = nodeName(index);
    this.address = nodeAddress(place, index);
    this.directory = join(place.directory, "nodes", this.name);
    this.hardware = new Hardware(this.share);
    this.link = new Link(index);
    this.disk = new Disk(this.directory, [layer, config.base], config.diskMiB);
    this.#place = place;
    this.#index = index;
    this.#config = config;
  }

  /** Directory that the node sees as /lab. */
  get share(): string {
    return join(this.directory, "lab");
  }

  /** Makes the file tree and the network, before the first boot. */
  async create(): Promise<void> {
    await mkdir(this.share, { recursive: true });
    await Promise.all([
      this.#install(),
      this.hardware.create(this.#config.kernel),
      makeNodeNetwork(this.#place, this.#index),
    ]);
  }

  /** Starts the node and waits until its sshd listens. */
  async boot(): Promise<void> {
    if (this.state !== "off") throw new Error(`${this.name} is on already.`);
    this.state = "booting";
    await this.#prepare(this.nextBoot);
    await this.hardware.newBoot();
    const uptime = Math.floor(Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]));
    const namespaces = ["--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc"];
    const clock = timeNamespace ? ["--time", "--boottime", String(-uptime)] : [];
    const script = [join(import.meta.dirname, "boot.sh"), this.disk.root, this.share, this.name];
    const words = [...inNetwork(this.#index), "unshare", ...namespaces, ...clock, "bash", ...script];
    const console = openSync(join(this.directory, "console"), "a");
    const child = spawn("nsenter", words, { env: environment, stdio: ["ignore", console, console] });
    this.#boot = child;
    child.once("exit", (code) => {
      this.#ended(code === rebootCode).catch((error: Error) => process.stderr.write(`${error.stack}\n`));
    });
    await this.link.turn(true);
    await this.#untilListens(child);
    this.boots += 1;
    this.state = "running";
  }

  /** Pulls the plug. */
  powerOff(): void {
    this.nextBoot = { ...this.nextBoot, returns: false };
    const init = this.init();
    if (init !== undefined) process.kill(init, "SIGKILL");
  }

  /** The node's first process, as this process sees it. */
  init(): number | undefined {
    return this.#boot?.pid === undefined ? undefined : readChildren(this.#boot.pid)[0];
  }

  /** Runs a command by bash as root inside the node, also when its network is cut. */
  exec(command: string, input = ""): Promise<Outcome> {
    const pid = this.init();
    if (pid === undefined) throw new Error(`${this.name} is off.`);
    const clock = timeNamespace ? ["--time"] : [];
    const namespaces = ["--mount", "--pid", "--net", "--uts", "--ipc", ...clock, "--root"];
    const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    const clean = ["env", "-C", "/", "-i", path, "HOME=/root", "LANG=C.UTF-8", "bash", "-c", command];
    return attempt("nsenter", ["--target", String(pid), ...namespaces, ...clean], { environment, input });
  }

  /** Another kernel in the place of all that the node has; it runs at once. */
  async replaceKernel(release: string): Promise<void> {
    await installKernel(this.disk.root, release, this.#config.ubuntu, true);
    await this.hardware.runKernel(release);
  }

  async #install(): Promise<void> {
    await this.disk.make();
    await writeIdentity(this.disk.root, this.#place, this.#index, this.#config);
    await this.#newHostKey();
  }

  async #newHostKey(): Promise<void> {
    const key = makeKeyPair();
    this.hostKey = key.publicKey;
    await writeHostKey(this.disk.root, key);
  }

  async #prepare({ kernel, newHostKey, reinstalled }: NextBoot): Promise<void> {
    this.nextBoot = {};
    if (reinstalled) {
      await this.disk.remove();
      await this.#install();
    }
    if (newHostKey) await this.#newHostKey();
    if (kernel !== undefined) await installKernel(this.disk.root, kernel, this.#config.ubuntu, false);
  }

  async #ended(toReboot: boolean): Promise<void> {
    this.#boot = undefined;
    this.state = "off";
    await this.link.turn(false);
    const { returns = true, offSeconds = 0 } = this.nextBoot;
    if (!toReboot || !returns) return;
    await sleep(offSeconds * 1000);
    await this.boot();
  }

  async #untilListens(child: ChildProcess): Promise<void> {
    for (let tries = 0; tries < 1200 && child.exitCode === null; tries += 1) {
      if (await listens(this.init())) return;
      await sleep(25);
    }
    const console = await readFile(join(this.directory, "console"), "utf8");
    throw new Error(`${this.name} did not come up: ${console.slice(-2000)}`);
  }
}

/** Whether anything listens at port 22 (0x16) in the network of a process. Source: proc(5), /proc/net/tcp, state 0A. */
async function listens(process: number | undefined): Promise<boolean> {
  const text = await readFile(`/proc/${process}/net/tcp`, "utf8").catch(() => "");
  return / [0-9A-F]{8}:0016 00000000:0000 0A /.test(text);
}
