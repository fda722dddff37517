import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { RocmarkError } from "../components/errors.ts";

/** Text of a file; relative paths start at the project's folder. */
export type ReadText = (path: string) => string;

const inProject: ReadText = (path) => readFileSync(resolve(dirname(import.meta.dirname), path), "utf8");

/**
 * A stack's values with the hosts of `rocmark:nodes.hostsFile` in place, a JSON file that holds the list `hosts` would be.
 *
 * Pulumi hands a program its whole config in one variable, and Linux takes no longer one than 128 KiB (pulumi issue 8680): some
 * 150 hosts with their facts. More come from a file.
 *
 * @throws RocmarkError E_CONFIG where both are given, or the file is not there or no list
 */
export function withHostsFile(
  values: Readonly<Record<string, unknown>>,
  readText: ReadText = inProject,
): Record<string, unknown> {
  const { nodes } = values;
  if (typeof nodes !== "object" || nodes === null || !("hostsFile" in nodes)) return { ...values };
  const { hostsFile, ...others } = nodes;
  if (typeof hostsFile !== "string")
    throw refused(`expected the path of a JSON file, found ${typeof hostsFile}`);
  if ("hosts" in others) throw refused("expected either rocmark:nodes.hosts or this, found both");
  return { ...values, nodes: { ...others, hosts: readHosts(hostsFile, readText) } };
}

function readHosts(path: string, readText: ReadText): unknown[] {
  let hosts: unknown;
  try {
    hosts = JSON.parse(readText(path));
  } catch (error) {
    throw refused(
      `expected a JSON file at ${path}, found none that can be read: ${(error as Error).message}`,
    );
  }
  if (Array.isArray(hosts)) return hosts;
  throw refused(`expected a list of hosts in ${path}, found ${hosts === null ? "null" : typeof hosts}`);
}

const refused = (problem: string): RocmarkError =>
  new RocmarkError(
    "E_CONFIG",
    `rocmark:nodes.hostsFile: ${problem}. stacks/Pulumi.ssh.yaml explains the key.`,
  );
