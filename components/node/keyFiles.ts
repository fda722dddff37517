import { accessSync, constants } from "node:fs";
import { keysUnreadable } from "../errors.ts";

/**
 * Refuses private keys that are not there or not ours to read, before a resource is registered: later each of a host's resources
 * would fail for it, with a trace each.
 *
 * @throws RocmarkError E_KEY naming each file once, with its hosts
 */
export function refuseUnreadableKeys(hosts: readonly { name: string; privateKeyFile: string }[]): void {
  const files = Map.groupBy(hosts, ({ privateKeyFile }) => privateKeyFile);
  const problems = [...files].flatMap(([file, of]) => {
    const problem = problemOf(file);
    return problem === null ? [] : [{ file, problem, nodes: of.map(({ name }) => name) }];
  });
  if (problems.length > 0) throw keysUnreadable(problems);
}

function problemOf(file: string): string | null {
  try {
    accessSync(file, constants.R_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return "there is no such file";
    return code === "EACCES" ? "you may not read it" : `${code}`;
  }
}
