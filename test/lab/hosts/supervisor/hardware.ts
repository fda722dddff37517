import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Gpu } from "../gpus.ts";

/** Settings of a node that its kernel, firmware and programs show, each a file of its own under /lab in the node. */
export interface Settings {
  gpus: readonly Gpu[];
  /** `no UEFI` is a host that was booted by BIOS; `key enrolled`, one whose firmware knows the key that DKMS signs with. */
  firmware: {
    secureBoot: "off" | "enforcing" | "key enrolled" | "no UEFI";
    /** What systemd-detect-virt says. */
    virtualisation: "none" | "kvm" | "vmware" | "microsoft";
  };
  /** Group and octal mode of /dev/kfd and of /dev/dri/renderD*. */
  devices: { kfd: DeviceRules; render: DeviceRules };
  /** Kernels on which a build fails, or versions of a module of which one does, by their beginnings; and how long a build takes. */
  dkms: { failsOn: readonly string[]; seconds: number };
  amdSmi: {
    /** `own` is what that version prints; `concatenated`, one document a GPU after the other. */
    shape: "own" | "array" | "gpu_data" | "concatenated";
    /** Values that it does not get at: "N/A". */
    unavailable: readonly string[];
  };
  /** GPUs, by index, that compute wrongly, take ten times as long, or have no memory left. */
  "gpu-faults": Record<"wrong" | "slow" | "full", readonly number[]>;
}

export interface DeviceRules {
  group: string;
  /** Octal, `0660`. */
  mode: string;
}

const defaults: Settings = {
  gpus: [],
  firmware: { secureBoot: "off", virtualisation: "none" },
  devices: { kfd: { group: "render", mode: "0660" }, render: { group: "render", mode: "0660" } },
  dkms: { failsOn: [], seconds: 0 },
  amdSmi: { shape: "own", unavailable: [] },
  "gpu-faults": { wrong: [], slow: [], full: [] },
};

/** The files under /lab of one node. They are written in place: the node has some of them mounted over /proc. */
export class Hardware {
  readonly #share: string;

  constructor(share: string) {
    this.#share = share;
  }

  async create(kernel: string): Promise<void> {
    for (const [name, value] of Object.entries(defaults)) await this.#write(`${name}.json`, value);
    await writeFile(join(this.#share, "modules"), "");
    await this.runKernel(kernel);
  }

  /** Changes some of a setting. */
  async set<Name extends keyof Settings>(name: Name, change: Partial<Settings[Name]>): Promise<void> {
    const before = JSON.parse(await readFile(join(this.#share, `${name}.json`), "utf8")) as Settings[Name];
    await this.#write(`${name}.json`, Array.isArray(change) ? change : { ...before, ...change });
  }

  /** Release that the running kernel says. */
  async runKernel(release: string): Promise<void> {
    await writeFile(join(this.#share, "osrelease"), `${release}\n`);
  }

  /** Another boot, told by its id. */
  async newBoot(): Promise<void> {
    await writeFile(join(this.#share, "boot_id"), `${randomUUID()}\n`);
  }

  readKernel(): Promise<string> {
    return readFile(join(this.#share, "osrelease"), "utf8").then((text) => text.trim());
  }

  async #write(name: string, value: unknown): Promise<void> {
    await writeFile(join(this.#share, name), `${JSON.stringify(value)}\n`);
  }
}
