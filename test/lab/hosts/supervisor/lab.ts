import { cp } from "node:fs/promises";
import { join } from "node:path";
import { serveControl } from "../control.ts";
import { environment } from "../machine.ts";
import type { Place } from "../place.ts";
import { run } from "../run.ts";
import type { LabConfig } from "../settings.ts";
import { Host } from "./host.ts";
import { makeBridge } from "./network.ts";

/** Builds the lab, boots its nodes and answers at the lab's socket. */
export async function serveLab(place: Place, config: LabConfig): Promise<void> {
  await makeBridge(place);
  const layer = await makeLayer(place);
  const hosts = Array.from({ length: config.nodes }, (_, index) => new Host(place, index, config));
  for (const host of hosts) await host.create(layer);
  await Promise.all(hosts.map((host) => host.boot()));

  const find = (name: string): Host => {
    const host = hosts.find((each) => each.name === name);
    if (host === undefined)
      throw new Error(`This lab has no "${name}", only ${hosts.map((h) => h.name).join(", ")}.`);
    return host;
  };
  await serveControl(join(place.directory, "control"), {
    status: () => hosts.map(({ name, address, hostKey, state }) => ({ name, address, hostKey, state })),
    exec: (name: string, command: string, input: string) => find(name).exec(command, input),
  });
}

/** The lab's own programs of a node, owned by root whoever owns the checkout. */
async function makeLayer(place: Place): Promise<string> {
  const layer = join(place.directory, "layer");
  await cp(join(import.meta.dirname, "../guest"), layer, { recursive: true, verbatimSymlinks: true });
  await run("chown", ["-R", "-h", "root:root", layer], { environment });
  await run("chmod", ["-R", "u=rwX,go=rX", layer], { environment });
  return layer;
}
