import { join } from "node:path";
import { serveControl } from "../control.ts";
import type { Place } from "../place.ts";
import { Repository } from "../repository/repository.ts";
import type { LabConfig } from "../settings.ts";
import { nodeControls, repositoryControls } from "./controls.ts";
import { Host } from "./host.ts";
import { makeLayer } from "./layer.ts";
import { makeBridge } from "./network.ts";

/** Nodes that are made and started at once: each keeps a processor or two busy while it starts. */
const atOnce = 4;

/** Builds the lab, boots its nodes and answers at the lab's socket. */
export async function serveLab(place: Place, config: LabConfig): Promise<void> {
  // On the supervisor's own /run: short enough for the sockets of gpg's agents, and gone with the lab.
  const [repository] = await Promise.all([
    Repository.make("/run/repository", config.installer),
    makeBridge(place),
  ]);
  repository.addKernel(config.kernel);
  await repository.listen(place.gateway);
  const layer = join(place.directory, "layer");
  await makeLayer(layer, config, repository);
  const hosts = Array.from({ length: config.nodes }, (_, index) => new Host(place, index, config, layer));
  await forEach(hosts, async (host) => {
    await host.create();
    await host.boot();
  });
  await serveControl(join(place.directory, "control"), {
    ...nodeControls(hosts, repository),
    ...repositoryControls(repository),
  });
}

/** Does `work` for every item, for some of them at once. */
async function forEach<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
