import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Engine, Surroundings } from "../engine.ts";
import { isExecutable } from "../executables.ts";
import { versionsFolder } from "../places.ts";
import { compareVersions, isCompatible, parseVersion, pulumiVersion, renderVersion } from "../versions.ts";

/** Versions in the order they should be tried: the one that is tested first, then the newest. */
export function preferredVersions(names: readonly string[]): string[] {
  const versions = names.flatMap((name) => {
    const version = parseVersion(name);
    // Only folders named exactly as a version: a partial one of ours or a stranger's is no engine.
    return version && renderVersion(version) === name && isCompatible(name, pulumiVersion) ? [version] : [];
  });
  const newestFirst = versions.sort((a, b) => compareVersions(b, a)).map(renderVersion);
  return [
    ...newestFirst.filter((name) => name === pulumiVersion),
    ...newestFirst.filter((name) => name !== pulumiVersion),
  ];
}

/** The engine in a folder of executables, null unless both are there. */
export function engineIn(bin: string, version: string): Omit<Engine, "way"> | null {
  const [cli, languageHost] = [join(bin, "pulumi"), join(bin, "pulumi-language-nodejs")];
  return isExecutable(cli) && isExecutable(languageHost) ? { cli, languageHost, version } : null;
}

/** The engine that Pulumi's npm package, its Automation API or an earlier run of ours keeps under PULUMI_HOME. */
export async function cachedEngine({ env }: Surroundings): Promise<Omit<Engine, "way"> | string> {
  const folder = versionsFolder(env);
  const names = await readdir(folder).catch(() => []);
  for (const version of preferredVersions(names)) {
    const engine = engineIn(join(folder, version, "bin"), version);
    if (engine) return engine;
  }
  return `${folder} holds no whole engine of version ${pulumiVersion} or newer`;
}
