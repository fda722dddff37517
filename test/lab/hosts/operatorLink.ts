import { environment } from "./machine.ts";
import { overlaps, type Place } from "./place.ts";
import { attempt, run } from "./run.ts";

/**
 * Joins this machine to a lab: one virtual cable from the caller's network namespace into the lab's.
 *
 * This is the one thing that a lab has outside its own namespaces. A virtual cable ends when either of its namespaces
 * does, so that it goes, address and route with it, when the lab's last process ends, however it ends.
 */
export async function openOperatorLink(place: Place, supervisor: number): Promise<void> {
  const ip = (...words: string[]) => run("ip", words, { environment });
  const peer = ["peer", "name", "operator", "netns", String(supervisor)];
  await ip("link", "add", "name", place.link, "type", "veth", ...peer);
  // No IPv6 address of its own making: the lab says which addresses there are.
  await ip("link", "set", place.link, "addrgenmode", "none");
  await ip("address", "add", `${place.operator}/24`, "dev", place.link);
  await ip("link", "set", place.link, "up");
}

export async function operatorLinkExists(place: Place): Promise<boolean> {
  return (await attempt("ip", ["link", "show", "dev", place.link], { environment })).exitCode === 0;
}

/**
 * Takes the cable away, of a lab whose processes are gone. Their end takes it too, but not at once where a connection still had
 * something to send: the kernel keeps the lab's network for it, for a minute or two.
 */
export async function closeOperatorLink(place: Place): Promise<void> {
  await attempt("ip", ["link", "delete", "dev", place.link], { environment });
}

/** Whether no route of this machine leads into a lab's network, but the default route. */
export async function isFree(place: Place): Promise<boolean> {
  const text = await run("ip", ["-4", "-json", "route", "show", "table", "all"], { environment });
  const routes = JSON.parse(text) as { dst: string }[];
  return !routes.some(({ dst }) => /^[0-9]/.test(dst) && overlaps(dst, place.subnet));
}
