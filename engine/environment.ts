import { delimiter } from "node:path";
import { type Engine, engineFolders } from "./engine.ts";
import { compiledFolder, npmBin } from "./places.ts";

/**
 * The engine is short-lived, so Go collects seldom until its memory is worth it: a preview of 1,000 nodes takes a sixth less time in
 * less memory. A stack that needs more than the limit takes no longer than with Go's own settings.
 */
const garbageCollection = { GOGC: "400", GOMEMLIMIT: "384MiB" };

/**
 * The environment of a `pulumi` we start: the engine first on the PATH, then the Node of package-lock.json.
 *
 * The CLI looks for its language host on the PATH, and the language host for `node`: the system's may be too old. Node keeps
 * what it has compiled: Pulumi's own modules are most of what a program loads, half a second each time without a cache.
 */
export function pulumiEnvironment(
  engine: Engine,
  root: string,
  env: NodeJS.ProcessEnv,
  variables: Record<string, string>,
): NodeJS.ProcessEnv {
  const [first = "", ...others] = engineFolders(engine);
  // A language host elsewhere is on the PATH already; npm's folder must not be behind an old Node beside it.
  const path = [first, npmBin(root), ...others, env.PATH ?? ""].filter((part) => part !== "");
  const defaults = {
    PULUMI_SKIP_UPDATE_CHECK: "true",
    NODE_COMPILE_CACHE: compiledFolder(env),
    ...garbageCollection,
  };
  return { ...defaults, ...env, ...variables, PATH: path.join(delimiter) };
}

/**
 * How many operations at a time where the work is done elsewhere. Pulumi takes four a processor, so a small machine would leave most
 * hosts of a large stack waiting; its own part is bounded by the plugin, handshakes and local commands alike.
 */
export const remoteWork = (processors: number): Record<string, string> => ({
  PULUMI_PARALLEL: String(Math.max(32, 4 * processors)),
});
