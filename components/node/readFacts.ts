import { readFile } from "node:fs/promises";
import { SshError } from "../../ssh/errors.ts";
import { SshPool } from "../../ssh/pool.ts";
import { renderFacts } from "../scripts/factsScript.ts";
import type { NodeAddress } from "./address.ts";
import { type Facts, parseFacts } from "./facts.ts";

export interface HostToRead {
  name: string;
  address: NodeAddress;
}

export type Reading = { name: string; facts: Facts } | { name: string; reason: string };

/** Hosts that are asked at a time; the pool bounds handshakes besides. */
const AT_ONCE = 32;

/** What hosts say of themselves, each over one connection that changes nothing. A host that cannot be asked has a reason. */
export async function readFacts(
  hosts: readonly HostToRead[],
  say: (line: string) => void,
): Promise<Reading[]> {
  const pool = new SshPool();
  const waiting = [...hosts];
  const readings: Reading[] = [];
  const work = async () => {
    for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) {
      readings.push(await readHost(pool, host));
      say(`asked ${readings.length} of ${hosts.length} nodes what they are`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await pool.close();
  }
  return readings;
}

async function readHost(pool: SshPool, { name, address }: HostToRead): Promise<Reading> {
  try {
    const connection = await pool.connect({
      host: address.host,
      port: address.port,
      user: address.user,
      credentials: { privateKey: await readFile(address.privateKeyFile, "utf8") },
      hostKey: { kind: "pinned", key: address.hostKey },
      dialTimeoutSeconds: 15,
      dialErrorLimit: 2,
    });
    const { exitCode, stdout, stderr } = await connection.exec(renderFacts({ root: null }), {
      shell: "posix",
      timeoutSeconds: 60,
    });
    if (exitCode === 0) return { name, facts: parseFacts(name, stdout) };
    return { name, reason: `its facts script ended with ${exitCode}: ${stderr.trim().split("\n").at(-1)}` };
  } catch (error) {
    const known = error instanceof SshError || (error as NodeJS.ErrnoException).code !== undefined;
    if (!known) throw error;
    return { name, reason: (error as Error).message };
  }
}
