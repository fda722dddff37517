import { join } from "node:path";
import type { Engine, Surroundings } from "../engine.ts";
import { versionsFolder } from "../places.ts";
import { capture, lastLines } from "../processes.ts";
import { startProgress } from "../progress.ts";
import { pulumiVersion } from "../versions.ts";
import { keep, parts, withPartialFolder } from "./keep.ts";
import { engineIn } from "./pulumiCache.ts";

/** The whole download may take this long; that a host cannot be reached shows within seconds. */
const limitSeconds = 900;

/** The program that runs the npm package's code; another in tests. */
export const downloadProgram = join(import.meta.dirname, "downloadProgram.ts");

/**
 * Let Pulumi's own installer, as its npm package runs it, put a release into Pulumi's cache.
 *
 * In a process of its own, because the package's code blocks: this one can show progress and stop it.
 */
export async function downloadEngine(
  { env, progress, signal }: Surroundings,
  program = downloadProgram,
): Promise<Omit<Engine, "way"> | string> {
  const versions = versionsFolder(env);
  const bin = join(versions, pulumiVersion, "bin");
  const shown = startProgress(progress, `Downloading Pulumi ${pulumiVersion}`);
  try {
    return await withPartialFolder(versions, async (folder) => {
      const args = ["--disable-warning=ExperimentalWarning", program, pulumiVersion, folder];
      const outcome = await capture(process.execPath, args, { env, timeoutSeconds: limitSeconds, signal });
      if (outcome.exitCode !== 0)
        return outcome.problem ?? (lastLines(outcome.stderr, 1) || "its installer failed");
      for (const part of parts) await keep(part, join(folder, "bin", part.name), bin);
      return engineIn(bin, pulumiVersion) ?? "its installer left no whole engine";
    });
  } finally {
    shown.end("");
  }
}
