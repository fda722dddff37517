import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join, sep } from "node:path";

/** Whether a file is there, is not empty and may be executed by this user. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    const stats = statSync(file);
    return stats.isFile() && stats.size > 0;
  } catch {
    return false;
  }
}

/**
 * Every executable of a name on a PATH, first found first.
 *
 * Relative entries are left out: what they mean changes with the working directory.
 */
export function findOnPath(name: string, path: string): string[] {
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder));
  return [...new Set(folders)].map((folder) => join(folder, name)).filter(isExecutable);
}

/**
 * Whether an executable is only npm's stand-in for a program: a link into a node_modules folder.
 *
 * npm puts such links first on the PATH of its scripts. Ours for `pulumi` would run itself for ever, and that of the npm
 * package `pulumi` downloads the CLI without asking; neither is an engine.
 */
export function isNpmStandIn(file: string): boolean {
  const inModules = (path: string) => path.split(sep).includes("node_modules");
  try {
    const real = realpathSync(file);
    return inModules(file) || inModules(real) || real.startsWith(import.meta.dirname + sep);
  } catch {
    return true;
  }
}
