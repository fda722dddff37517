import { environment } from "../machine.ts";
import { nodeAddress, type Place } from "../place.ts";
import { run } from "../run.ts";

/** Runs words of `ip`, a command each, in one process. */
const ip = (commands: readonly string[], words: readonly string[] = []): Promise<string> =>
  run("ip", [...words, "-batch", "-"], { environment, input: `${commands.join("\n")}\n` });

/** Name of the lab's end of a node's link, and of the node's network namespace. */
export const nodeName = (index: number): string => `node${index + 1}`;

/** Enters a node's network namespace; what follows is the command. */
export const inNetwork = (index: number): string[] => [`--net=/run/netns/${nodeName(index)}`];

/** Makes the bridge that joins the nodes, the repository and the operator's link, which `openOperatorLink` made. */
export async function makeBridge(place: Place): Promise<void> {
  await ip([
    "link set lo up",
    "link add name lab type bridge",
    `address add ${place.gateway}/24 dev lab`,
    "link set lab up",
    "link set operator master lab up",
  ]);
}

/**
 * Makes a node's network namespace with one link, eth0, into the bridge.
 *
 * The namespace belongs to the node as its network card does: it stays over reboots, and so do faults of the link.
 */
export async function makeNodeNetwork(place: Place, index: number): Promise<void> {
  const name = nodeName(index);
  await ip([
    `netns add ${name}`,
    `link add name ${name} type veth peer name eth0 netns ${name}`,
    `link set ${name} master lab`,
  ]);
  const inside = [
    "link set lo up",
    `address add ${nodeAddress(place, index)}/24 dev eth0`,
    "link set eth0 up",
    `route add default via ${place.gateway}`,
  ];
  await ip(inside, ["-n", name]);
}

/** Plugs a node's cable in, or pulls it. */
export async function setLink(index: number, state: "up" | "down"): Promise<void> {
  await run("ip", ["link", "set", nodeName(index), state], { environment });
}
