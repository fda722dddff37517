import { delimiter } from "node:path";
import { type Engine, engineFolders } from "./engine.ts";
import { npmBin } from "./places.ts";

/**
 * The environment of a `pulumi` we start: the engine first on the PATH, then the Node of package-lock.json.
 *
 * The CLI looks for its language host on the PATH, and the language host for `node`: the system's may be too old.
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
  return { PULUMI_SKIP_UPDATE_CHECK: "true", ...env, ...variables, PATH: path.join(delimiter) };
}
