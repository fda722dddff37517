import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Methods } from "../control.ts";
import type { Fault } from "../repository/faults.ts";
import type { Repository } from "../repository/repository.ts";
import type { Settings } from "./hardware.ts";
import type { Host, NextBoot } from "./host.ts";

/** What the lab's socket takes about nodes; the first word is a node's name. */
export function nodeControls(hosts: readonly Host[], repository: Repository): Methods {
  const find = (name: string): Host => {
    const host = hosts.find((each) => each.name === name);
    if (host === undefined)
      throw new Error(`This lab has no "${name}", only ${hosts.map((h) => h.name).join(", ")}.`);
    return host;
  };
  return {
    status: () =>
      hosts.map(({ name, address, hostKey, state, boots }) => ({ name, address, hostKey, state, boots })),
    exec: (name: string, command: string, input: string) => find(name).exec(command, input),
    set: async (name: string, setting: keyof Settings, change: Partial<Settings[keyof Settings]>) => {
      const host = find(name);
      await host.hardware.set(setting, change);
      if (host.state === "running") await host.exec("/usr/lib/lab/refresh");
    },
    kernel: async (name: string, release: string) => {
      repository.addKernel(release);
      await find(name).replaceKernel(release);
    },
    nextBoot: (name: string, next: NextBoot) => {
      if (next.kernel !== undefined) repository.addKernel(next.kernel);
      find(name).nextBoot = next;
    },
    powerOff: (name: string) => find(name).powerOff(),
    powerOn: (name: string) => find(name).boot(),
    leave: (name: string, freeMiB: number | null) => find(name).disk.leave(freeMiB ?? undefined),
    cut: (name: string) => find(name).link.cut(),
    cutWhen: (name: string, path: string) => {
      const host = find(name);
      // By the node's own root: what it has mounted, such as /run, is nowhere else.
      host.link.cutWhen(() => (host.init() === undefined ? undefined : `/proc/${host.init()}/root${path}`));
    },
    limit: (name: string, bitsPerSecond: number) => find(name).link.limit(bitsPerSecond),
    lose: (name: string, oneIn: number) => find(name).link.lose(oneIn),
    healLink: (name: string) => find(name).link.heal(),
    console: (name: string) => readFileSync(join(find(name).directory, "console"), "utf8"),
  };
}

/** What the lab's socket takes about the repository. */
export function repositoryControls(repository: Repository): Methods {
  return {
    repository: () => ({ fingerprint: repository.keys.amd.fingerprint }),
    spoil: (fault: Fault) => repository.spoil(fault),
    heal: () => repository.heal(),
    addKernel: (release: string) => repository.addKernel(release),
    takeRequests: () => repository.takeRequests(),
  };
}
