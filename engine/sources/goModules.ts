import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Engine, Surroundings } from "../engine.ts";
import { isExecutable } from "../executables.ts";
import { repository, versionsFolder } from "../places.ts";
import { capture, lastLines } from "../processes.ts";
import { type Progress, startProgress } from "../progress.ts";
import { compareVersions, parseVersion, pulumiVersion, renderVersion } from "../versions.ts";
import { findGo, type GoToolchain } from "./goToolchain.ts";
import { keep, type Part, parts, withPartialFolder } from "./keep.ts";
import { engineIn } from "./pulumiCache.ts";

/** Where each part's pinned module lies, and the package to build. go.sum holds the checksum of all they need. */
export const modules: Record<Part["name"], { folder: string; package: string }> = {
  "pulumi-language-nodejs": {
    folder: "nodejs",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
  },
  pulumi: { folder: "pulumi", package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
};

// Without this variable the CLI takes itself for a developer's build and refuses the plugins of releases.
const linkFlags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pulumiVersion}`;

/** Build what the engine lacks from its published sources into Pulumi's cache; minutes the first time. */
export async function buildEngine(
  surroundings: Surroundings,
  sources = join(repository, "engine", "go"),
): Promise<Omit<Engine, "way"> | string> {
  const go = await findGo(surroundings.env, surroundings.signal);
  if ("reason" in go) return go.reason;
  const versions = versionsFolder(surroundings.env);
  const bin = join(versions, pulumiVersion, "bin");
  return withPartialFolder(versions, async (folder) => {
    for (const part of parts) {
      if (isExecutable(join(bin, part.name))) continue;
      const file = join(folder, part.name);
      const failure = await buildPart(part.name, file, sources, go, surroundings);
      if (failure !== null) return failure;
      await keep(part, file, bin);
    }
    return engineIn(bin, pulumiVersion) ?? `${bin} is not whole after the build`;
  });
}

/** Build one part; null when it worked, else why it did not. */
async function buildPart(
  name: Part["name"],
  file: string,
  sources: string,
  go: GoToolchain,
  { env, progress, signal }: Surroundings,
): Promise<string | null> {
  const cwd = join(sources, modules[name].folder);
  const goEnv = { ...env, ...(await toolchainFor(cwd, go, env)) };
  const shown = startProgress(progress, `Building ${name} from Go modules (minutes the first time)`);
  try {
    let fetched = 0;
    const listed = await capture(go.file, ["list", "-mod=readonly", "-deps", modules[name].package], {
      cwd,
      env: goEnv,
      signal,
      onStderrLine: (line) => {
        if (line.startsWith("go: downloading ")) shown.update(`${++fetched} modules fetched`);
      },
    });
    if (listed.exitCode !== 0) return lastLines(listed.problem ?? listed.stderr, 4);
    const total = listed.stdout.trimEnd().split("\n").length;
    const args = ["build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", linkFlags];
    const built = await capture(go.file, [...args, "-o", file, modules[name].package], {
      cwd,
      env: goEnv,
      signal,
      onStderrLine: countPackages(shown, total),
    });
    return built.exitCode === 0 ? null : lastLines(built.problem ?? built.stderr, 4);
  } finally {
    shown.end("");
  }
}

/** `go build -v` names a package a line as it compiles it; its other lines begin with "go: " or "# ". */
function countPackages(shown: Progress, total: number): (line: string) => void {
  let compiled = 0;
  return (line) => {
    if (/^[A-Za-z0-9][^\s:]*$/.test(line)) shown.update(`package ${++compiled} of ${total}`);
  };
}

/**
 * Distributions tell their Go never to fetch a newer toolchain, which one that is slightly too old has to.
 *
 * What the user chose in GOTOOLCHAIN stays.
 */
async function toolchainFor(
  cwd: string,
  go: GoToolchain,
  env: NodeJS.ProcessEnv,
): Promise<NodeJS.ProcessEnv> {
  const wanted = parseVersion(/^go (.+)$/m.exec(await readFile(join(cwd, "go.mod"), "utf8"))?.[1] ?? "");
  if (env.GOTOOLCHAIN || !wanted || compareVersions(go.version, wanted) >= 0) return {};
  return { GOTOOLCHAIN: `go${renderVersion(wanted)}` };
}
