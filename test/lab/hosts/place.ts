import { homedir } from "node:os";
import { join } from "node:path";

/** Where labs and what they share lie on this machine; safe to remove while no lab runs. */
export const labCache = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "rocmark", "lab");

/** One directory a lab, named by its id. */
export const labsDirectory = (env: NodeJS.ProcessEnv = process.env): string => join(labCache(env), "labs");

/**
 * What follows from a lab's id alone, so that whoever finds one of a lab's things knows all the others.
 *
 * An id is four hexadecimal digits, 8000 to bfff, and spells the lab's network: 8a3f is 10.138.63.0/24. Addresses are
 * from 10.128.0.0/10, which is private (RFC 1918) and rarely used by offices, clouds' defaults and container engines.
 */
export interface Place {
  id: string;
  directory: string;
  /** `10.138.63.0/24`. */
  subnet: string;
  /** Address of the lab's own namespace, where its repository listens. */
  gateway: string;
  /** Address of the operator's side: the one address outside the lab's namespaces. */
  operator: string;
  /** Name of the operator's end of the link into the lab; a network device's name has at most 15 characters. */
  link: string;
}

export const isId = (text: string): boolean => /^[89ab][0-9a-f]{3}$/.test(text);

/** An id from a number in [0, 1). */
export const toId = (fraction: number): string =>
  (0x8000 + Math.floor(fraction * 0x4000)).toString(16).padStart(4, "0");

export function toPlace(id: string, labs: string): Place {
  if (!isId(id)) throw new Error(`A lab's id is four hexadecimal digits from 8000 to bfff, not "${id}".`);
  const prefix = `10.${Number.parseInt(id.slice(0, 2), 16)}.${Number.parseInt(id.slice(2), 16)}`;
  return {
    id,
    directory: join(labs, id),
    subnet: `${prefix}.0/24`,
    gateway: `${prefix}.1`,
    operator: `${prefix}.254`,
    link: `rocmark-${id}`,
  };
}

/** Address of the node with a 0-based index. A lab has at most 200 nodes. */
export const nodeAddress = (place: Place, index: number): string =>
  place.gateway.replace(/\.1$/, `.${10 + index}`);

/** Whether two networks in `a.b.c.d/bits` form share an address; a network without bits is one address. */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [parseNetwork(one), parseNetwork(other)];
  const bits = Math.min(a.bits, b.bits);
  return bits === 0 || a.address >>> (32 - bits) === b.address >>> (32 - bits);
}

function parseNetwork(text: string): { address: number; bits: number } {
  const [address = "", bits = "32"] = text.split("/");
  return {
    address: address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0),
    bits: Number(bits),
  };
}
