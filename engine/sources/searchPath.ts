import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Engine, Surroundings } from "../engine.ts";
import { findOnPath, isExecutable, isNpmStandIn } from "../executables.ts";
import { capture } from "../processes.ts";
import { isCompatible, parseVersion, pulumiVersion, renderVersion } from "../versions.ts";

/** The language host that belongs to a CLI: beside it, beside what it links to, or elsewhere on the PATH. */
export function languageHostOf(cli: string, path: string): string | null {
  const name = "pulumi-language-nodejs";
  const beside = [dirname(cli), dirname(realpathSync(cli))].map((folder) => join(folder, name));
  return [...beside, ...findOnPath(name, path)].find(isExecutable) ?? null;
}

/** The engine that the user has installed and put on the PATH, when it is new enough and whole. */
export async function pathEngine({ env, signal }: Surroundings): Promise<Omit<Engine, "way"> | string> {
  const path = env.PATH ?? "";
  const reasons: string[] = [];
  for (const cli of findOnPath("pulumi", path).filter((file) => !isNpmStandIn(file))) {
    const answer = await judge(cli, path, env, signal);
    if (typeof answer !== "string") return answer;
    reasons.push(answer);
  }
  return reasons.length > 0 ? reasons.join("; ") : "no `pulumi` is on it";
}

async function judge(
  cli: string,
  path: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<Omit<Engine, "way"> | string> {
  const quietly = { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const answer = await capture(cli, ["version"], { env: quietly, timeoutSeconds: 20, signal });
  const version = answer.exitCode === 0 ? parseVersion(answer.stdout) : null;
  if (!version) return `${cli} did not say its version (${answer.problem ?? `exit code ${answer.exitCode}`})`;
  const found = renderVersion(version);
  if (!isCompatible(found, pulumiVersion))
    return `${cli} is ${found}, ${pulumiVersion} or a newer 3.x is wanted`;
  const languageHost = languageHostOf(cli, path);
  if (!languageHost) return `${cli} has no pulumi-language-nodejs beside it or on the PATH`;
  return { cli, languageHost, version: found };
}
