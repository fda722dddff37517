import { findOnPath, isExecutable } from "../executables.ts";
import { capture } from "../processes.ts";
import { goVersion, isNewEnough, parseVersion, renderVersion, type Version } from "../versions.ts";

/** A Go that can build the engine. */
export interface GoToolchain {
  /** Its `go` command, an absolute path. */
  file: string;
  version: Version;
}

/** Where Go's own installer puts it, on the PATH or not. */
export const usualGo: readonly string[] = ["/usr/local/go/bin/go"];

/** The first Go that is new enough, on the PATH or where it usually lies; else why there is none. */
export async function findGo(
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
  usual: readonly string[] = usualGo,
): Promise<GoToolchain | { reason: string }> {
  const reasons: string[] = [];
  const candidates = new Set([...findOnPath("go", env.PATH ?? ""), ...usual.filter(isExecutable)]);
  for (const file of candidates) {
    // "local" keeps it from fetching another Go only to say its version.
    const answer = await capture(file, ["version"], {
      env: { ...env, GOTOOLCHAIN: "local" },
      timeoutSeconds: 20,
      signal,
    });
    const version = answer.exitCode === 0 ? parseVersion(answer.stdout.replace(/^go version go/, "")) : null;
    if (version && isNewEnough(renderVersion(version), goVersion)) return { file, version };
    reasons.push(
      version
        ? `${file} is Go ${renderVersion(version)}, ${goVersion} or newer is wanted`
        : `${file} did not say its version`,
    );
  }
  return { reason: reasons.length > 0 ? reasons.join("; ") : "no Go is on the PATH or in /usr/local/go" };
}
