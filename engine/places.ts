import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** The checkout this file belongs to, links resolved: the stack's state is named by this path. */
export const repository = dirname(import.meta.dirname);

/** Where Pulumi keeps what it downloads, its credentials and its workspace files. */
export const pulumiHome = (env: NodeJS.ProcessEnv): string => env.PULUMI_HOME || join(homedir(), ".pulumi");

/** Pulumi's versions folder: its npm package and its Automation API look here, `<version>/bin/pulumi`. */
export const versionsFolder = (env: NodeJS.ProcessEnv): string => join(pulumiHome(env), "versions");

/** What this project keeps for any checkout of this user, and can make again. */
const cacheFolder = (env: NodeJS.ProcessEnv): string =>
  join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "rocmark");

/** Where this project keeps Python environments that any checkout may use, by digest. */
export const environmentsFolder = (env: NodeJS.ProcessEnv): string => join(cacheFolder(env), "environments");

/** Where Node keeps what it has compiled; provider/start.mjs uses the same. */
export const compiledFolder = (env: NodeJS.ProcessEnv): string => join(cacheFolder(env), "compiled");

/** Node of package-lock.json, and the tools that npm installed, first on the PATH of everything we start. */
export const npmBin = (root: string): string => join(root, "node_modules", ".bin");

/** The local stack's own folder in a checkout; git ignores it. */
export const localFolder = (root: string): string => join(root, ".rocmark");
