import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readCheckpoint, resourceName, stackUrn } from "./checkpoint.ts";
import { writeChoice } from "./choice.ts";
import type { Engine } from "./engine.ts";
import { passphraseUnusable, stackBusy, stepFailed } from "./errors.ts";
import {
  ensurePassphrase,
  localBackendUrl,
  passphraseFile,
  projectName,
  stateFolder,
  withoutSalt,
} from "./localBackend.ts";
import { lockFolder, readLocks } from "./locks.ts";
import { repository } from "./places.ts";
import { capture } from "./processes.ts";
import { readSelections } from "./pulumiFiles.ts";
import { isLocalStack, localStack } from "./stackChoice.ts";

/** What an interrupted or failed step leaves the user with. */
export const again =
  "`npm start` goes on from here: what stands is kept. `npx pulumi destroy --yes` takes everything down.";

/** Make the stack, or what it lacks, so that an update can begin. */
export async function prepareStack(
  engine: Engine,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  await mkdir(stateFolder(repository), { recursive: true });
  if (env.PULUMI_CONFIG_PASSPHRASE_FILE === passphraseFile(repository)) await preparePassphrase();
  // These say nothing a reader needs, unless they fail.
  const pulumi = async (...args: string[]) => {
    const options = { cwd: repository, env, signal };
    const { exitCode, stdout, stderr } = await capture(engine.cli, [...args, "--non-interactive"], options);
    signal.throwIfAborted();
    if (exitCode === 0) return;
    process.stderr.write(stdout + stderr);
    throw stepFailed(`pulumi ${args.slice(0, 2).join(" ")}`, exitCode, again);
  };

  const checkpoint = await readCheckpoint(repository);
  const selections = await readSelections(process.env, projectName, join(repository, "Pulumi.yaml"));
  const selected = isLocalStack(selections.stacks[localBackendUrl(repository)] ?? "");
  if (checkpoint === null || !selected) await pulumi("stack", "select", "--create", localStack);
  await writeChoice(repository, process.env, true);

  const { stale, holders } = await readLocks(repository);
  if (holders.length > 0) throw stackBusy(holders, lockFolder(repository));
  if (stale > 0) {
    say("  An earlier run was killed and left its lock on the stack; nobody holds it, so it is removed.");
    await pulumi("cancel", "--yes", "--stack", localStack);
  }
  const pending = checkpoint?.pendingCreates ?? [];
  if (pending.length === 0) return;
  say(
    `  An earlier run was killed while it made ${pending.map(resourceName).join(", ")}; the update makes them again.`,
  );
  // Every create of this stack may be repeated on what it finds. The target keeps the refresh from asking dead nodes.
  const refresh = ["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--suppress-outputs"];
  await pulumi(...refresh, "--stack", localStack, "--target", stackUrn);
}

async function preparePassphrase(): Promise<void> {
  const state = await ensurePassphrase(repository);
  if (state === "lost")
    throw passphraseUnusable(passphraseFile(repository), "it is gone, empty or unreadable");
  if (state === "there") return;
  const config = join(repository, "stacks", `Pulumi.${localStack}.yaml`);
  const text = withoutSalt(await readFile(config, "utf8").catch(() => ""));
  // A salt fits one passphrase: the one of a stack that was thrown away would have the new one refused.
  if (text !== null) await writeFile(config, text);
}
