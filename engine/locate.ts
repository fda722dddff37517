import type { Engine, Surroundings } from "./engine.ts";
import { type Attempt, engineMissing } from "./errors.ts";
import { buildEngine } from "./sources/goModules.ts";
import { cachedEngine } from "./sources/pulumiCache.ts";
import { downloadEngine } from "./sources/pulumiDownload.ts";
import { pathEngine } from "./sources/searchPath.ts";
import { pulumiVersion } from "./versions.ts";

/** A way to an engine. */
export interface Way {
  /** As a reader would call it. */
  name: string;
  /** The engine, or why this way gives none, as the end of a sentence. */
  find(surroundings: Surroundings): Promise<Omit<Engine, "way"> | string>;
}

/** Ways that look and change nothing, in order. */
export const lookingWays: readonly Way[] = [
  { name: "PATH", find: pathEngine },
  { name: "Pulumi's cache", find: cachedEngine },
];

/** Ways that get an engine and keep it in Pulumi's cache, in order. */
export const gettingWays: readonly Way[] = [
  { name: "Pulumi's download", find: downloadEngine },
  { name: "build from Go modules", find: buildEngine },
];

/** The first engine that some way gives, and the reasons why those before it gave none. */
export async function tryWays(
  ways: readonly Way[],
  surroundings: Surroundings,
): Promise<{ engine: Engine | null; attempts: Attempt[] }> {
  const attempts: Attempt[] = [];
  for (const way of ways) {
    const answer = await way.find(surroundings).catch((error: Error) => error.message);
    surroundings.signal?.throwIfAborted();
    if (typeof answer !== "string") return { engine: { ...answer, way: way.name }, attempts };
    attempts.push({ way: way.name, reason: answer });
  }
  return { engine: null, attempts };
}

const remedy =
  "Do one of these and run the same command again:\n" +
  "  - install Pulumi (https://www.pulumi.com/docs/install/) so that `pulumi` is on the PATH;\n" +
  "  - allow connections to get.pulumi.com and github.com;\n" +
  "  - install Go 1.25 or later (https://go.dev/doc/install) and allow connections to its module proxy.";

/** Find the engine, or get it and keep it in Pulumi's cache. */
export async function ensureEngine(
  surroundings: Surroundings,
  looking: readonly Way[] = lookingWays,
  getting: readonly Way[] = gettingWays,
): Promise<Engine> {
  const found = await tryWays(looking, surroundings);
  if (found.engine) return found.engine;
  const got = await tryWays(getting, surroundings);
  if (got.engine) return got.engine;
  throw engineMissing(pulumiVersion, [...found.attempts, ...got.attempts], remedy);
}
