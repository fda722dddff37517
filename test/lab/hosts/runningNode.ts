import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SshSettings } from "../../../ssh/settings.ts";
import { callControl } from "./control.ts";
import { type GpuModel, toGpus } from "./gpus.ts";
import type { Outcome } from "./run.ts";
import type { DeviceRules, Settings } from "./supervisor/hardware.ts";
import type { NextBoot } from "./supervisor/host.ts";

/** What a lab says of one node. */
export interface NodeStatus {
  name: string;
  address: string;
  /** The host's public key, in OpenSSH's form. */
  hostKey: string;
  state: "off" | "booting" | "running";
  /** How often it has been started. */
  boots: number;
}

/** A node of a running lab: how an operator reaches it, and what a test sets of it. */
export class LabNode {
  readonly name: string;
  readonly address: string;
  readonly port = 22;
  /** The host key at the time of connecting to the lab; see {@link readStatus} for that of now. */
  readonly hostKey: string;
  readonly user: string;
  readonly privateKeyFile: string;
  readonly #control: string;

  constructor({ name, address, hostKey }: NodeStatus, user: string, directory: string) {
    this.name = name;
    this.address = address;
    this.hostKey = hostKey;
    this.user = user;
    this.privateKeyFile = join(directory, "key");
    this.#control = join(directory, "control");
  }

  /** How to connect, host key pinned. */
  get settings(): SshSettings {
    return {
      host: this.address,
      port: this.port,
      user: this.user,
      credentials: { privateKey: readFileSync(this.privateKeyFile, "utf8") },
      hostKey: { kind: "pinned", key: this.hostKey },
    };
  }

  /** The node as an entry of `rocmark:nodes.hosts` in a stack's config. */
  get host() {
    const { name, address, port, user, hostKey, privateKeyFile } = this;
    return { name, address, port, user, hostKey, privateKeyFile };
  }

  /** Runs a command by bash as root in the node, past SSH: works while the node is cut off, throws while it is off. */
  exec(command: string, input = ""): Promise<Outcome> {
    return this.#call("exec", command, input);
  }

  /** {@link exec} of a command that has to succeed: its output, without the last line break. */
  async read(command: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.exec(command);
    if (exitCode !== 0)
      throw new Error(`${this.name}: ${command} ended with ${exitCode}: ${stderr || stdout}`);
    return stdout.replace(/\n$/, "");
  }

  /** GPUs in its slots from now on. A driver that is loaded serves them at once. */
  gpus(model: GpuModel, count: number): Promise<void> {
    return this.#set("gpus", toGpus(model, count));
  }

  /** The kernel that it runs from now on, in the place of any other that it has had: `6.8.0-60-generic`. */
  kernel(release: string): Promise<void> {
    return this.#call("kernel", release);
  }

  /** Ubuntu's extra modules are installed, and the amdgpu among them is loaded: /sys/module/amdgpu without a version. */
  async inTreeDriver(): Promise<void> {
    await this.read(
      "apt-get -qq update && apt-get -qq -y install linux-modules-extra-$(uname -r) && modprobe amdgpu",
    );
  }

  /** Whether DKMS's builds work; a failure on some kernels or of some versions only is named by their beginnings. */
  dkmsBuild(outcome: "works" | "fails", failsOn: readonly string[] = [""]): Promise<void> {
    return this.#set("dkms", { failsOn: outcome === "works" ? [] : failsOn });
  }

  /** How long a build of DKMS takes. */
  dkmsTakes(seconds: number): Promise<void> {
    return this.#set("dkms", { seconds });
  }

  secureBoot(secureBoot: Settings["firmware"]["secureBoot"]): Promise<void> {
    return this.#set("firmware", { secureBoot });
  }

  virtualisation(virtualisation: Settings["firmware"]["virtualisation"]): Promise<void> {
    return this.#set("firmware", { virtualisation });
  }

  /** Who may open /dev/kfd and /dev/dri/renderD*: a group and an octal mode, render and 0660 at first. */
  devices(rules: Partial<Record<"kfd" | "render", DeviceRules>>): Promise<void> {
    return this.#set("devices", rules);
  }

  /** How amd-smi prints, and which of its values are "N/A". */
  amdSmi(setting: Partial<Settings["amdSmi"]>): Promise<void> {
    return this.#set("amdSmi", setting);
  }

  /** What is wrong with GPUs from now on, by index: to PyTorch, whose stand-in computes nothing else. */
  gpuFaults(faults: Partial<Settings["gpu-faults"]>): Promise<void> {
    return this.#set("gpu-faults", faults);
  }

  /** What the next start is like, however it comes about. */
  nextBoot(next: NextBoot): Promise<void> {
    return this.#call("nextBoot", next);
  }

  powerOff(): Promise<void> {
    return this.#call("powerOff");
  }

  powerOn(): Promise<void> {
    return this.#call("powerOn");
  }

  /** Waits until the node runs in another start than the one with this number. */
  async waitForBoot(after: number): Promise<NodeStatus> {
    return this.#until(({ state, boots }) => state === "running" && boots > after, "has not started again");
  }

  async waitUntilOff(): Promise<NodeStatus> {
    return this.#until(({ state }) => state === "off", "is still on");
  }

  async readStatus(): Promise<NodeStatus> {
    const statuses = (await callControl(this.#control, "status", [])) as NodeStatus[];
    const status = statuses.find(({ name }) => name === this.name);
    if (status === undefined) throw new Error(`The lab has no ${this.name} any more.`);
    return status;
  }

  /** What its first process has printed, of all its starts. */
  console(): Promise<string> {
    return this.#call("console");
  }

  /** Pulls its cable. */
  cutLink(): Promise<void> {
    return this.#call("cut");
  }

  /** Pulls its cable as soon as a file is there; the path holds no links. */
  cutLinkWhen(path: string): Promise<void> {
    return this.#call("cutWhen", path);
  }

  /** So many bits a second pass in each direction. */
  limitLink(bitsPerSecond: number): Promise<void> {
    return this.#call("limit", bitsPerSecond);
  }

  /** One packet in so many is lost in each direction. */
  loseOneIn(packets: number): Promise<void> {
    return this.#call("lose", packets);
  }

  healLink(): Promise<void> {
    return this.#call("healLink");
  }

  /** Leaves so much space on its disk. */
  leaveDisk(freeMiB: number): Promise<void> {
    return this.#call("leave", freeMiB);
  }

  /** As much space as at the start. */
  freeDisk(): Promise<void> {
    return this.#call("leave", null);
  }

  /** An upgrade without asking holds dpkg's lock. @returns ends it */
  async holdAptLock(): Promise<() => Promise<void>> {
    const process = await this.read("/usr/lib/lab/unattended-upgr");
    return async () => void (await this.read(`kill ${process}`));
  }

  /** Keeps processors busy. @returns ends it */
  async load(processes: number): Promise<() => Promise<void>> {
    const busy = "setsid sh -c 'while :; do :; done' < /dev/null > /dev/null 2>&1 & echo $!";
    const started = await this.read(`for i in $(seq ${processes}); do ${busy}; done`);
    return async () => void (await this.read(`kill ${started.split("\n").join(" ")}`));
  }

  async #until(isSo: (status: NodeStatus) => boolean, reason: string): Promise<NodeStatus> {
    for (let tries = 0; tries < 1200; tries += 1) {
      const status = await this.readStatus();
      if (isSo(status)) return status;
      await sleep(50);
    }
    throw new Error(`${this.name} ${reason} after a minute: ${(await this.console()).slice(-2000)}`);
  }

  #set<Name extends keyof Settings>(setting: Name, change: Partial<Settings[Name]>): Promise<void> {
    return this.#call("set", setting, change);
  }

  #call<Value>(method: string, ...words: unknown[]): Promise<Value> {
    return callControl(this.#control, method, [this.name, ...words]) as Promise<Value>;
  }
}
