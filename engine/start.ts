/**
 * `npm start`: engine, stack, `pulumi up`, comparison and report, each only as far as it is missing.
 *
 * State and passphrase are the local stack's own, whatever backend the user is logged in to.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readCheckpoint, resourceName, stackUrn } from "./checkpoint.ts";
import { writeChoice } from "./choice.ts";
import type { Engine } from "./engine.ts";
import { enter } from "./entry.ts";
import { pulumiEnvironment } from "./environment.ts";
import { passphraseUnusable, programMissing, stackBusy, stepFailed } from "./errors.ts";
import {
  ensurePassphrase,
  localBackendUrl,
  localVariables,
  passphraseFile,
  projectName,
  stateFolder,
  withoutSalt,
} from "./localBackend.ts";
import { ensureEngine } from "./locate.ts";
import { lockFolder, readLocks } from "./locks.ts";
import { localFolder, repository } from "./places.ts";
import { renderDuration } from "./progress.ts";
import { readSelections } from "./pulumiFiles.ts";
import { isLocalStack, localStack } from "./stackChoice.ts";
import { steer } from "./steer.ts";

/** The experiment of stacks/Pulumi.local.yaml, and where its report goes. */
const experiment = "first-look";
const report = join(localFolder(repository), "report.md");

/** What is shown after the update, by benchmarks/'s own command. A comparison that finds a regression is no failure. */
const showing: readonly { title: string; args: readonly string[]; fine: readonly number[] }[] = [
  {
    title: "Compare one node with two",
    args: ["compare", "one-node", "two-nodes", "--experiment", experiment],
    fine: [0, 3],
  },
  { title: "Write the report", args: ["report", "--experiment", experiment, "--out", report], fine: [0] },
];

const next =
  "\nNext:\n" +
  `  ${report}\n` +
  "                                    the report\n" +
  "  npx pulumi stack output --json    what stands, and every record\n" +
  "  npx rocmark run                   more repeats, for narrower intervals\n" +
  "  npx pulumi destroy --yes          take everything down; records stay\n";

const again =
  "`npm start` goes on from here: what stands is kept. `npx pulumi destroy --yes` takes everything down.";

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Name a phase, do it, and say how long it took. */
async function phase<T>(title: string, work: () => Promise<T>): Promise<T> {
  say(`\n> ${title}`);
  const started = performance.now();
  const result = await work();
  say(`  ${renderDuration((performance.now() - started) / 1000)}`);
  return result;
}

/** The environment of every program of the local stack: the user's own backend and stack are not for this one. */
function localEnvironment(engine: Engine): NodeJS.ProcessEnv {
  const { PULUMI_BACKEND_URL: _backend, PULUMI_STACK: _stack, ...env } = process.env;
  return pulumiEnvironment(engine, repository, env, localVariables(repository, env));
}

/** Run a program to its end; a failure names {@link step}, an interruption is only said. */
function runStep(step: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const onInterrupt = (count: number) => {
    const what = [
      "ends what it is doing; press Ctrl-C again to hurry it",
      "is asked again; once more kills it",
    ];
    process.stderr.write(`\nInterrupted: ${step} ${what[count - 1] ?? "is killed"}.\n`);
  };
  return steer({ command, args, cwd: repository, env, onInterrupt });
}

/** Make the stack, or what it lacks, so that an update can begin. */
async function prepareStack(engine: Engine, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  await mkdir(stateFolder(repository), { recursive: true });
  if (env.PULUMI_CONFIG_PASSPHRASE_FILE === passphraseFile(repository)) await preparePassphrase();
  const pulumi = async (...args: string[]) => {
    const exitCode = await runStep(`pulumi ${args[0]}`, engine.cli, [...args, "--non-interactive"], env);
    signal.throwIfAborted();
    if (exitCode !== 0) throw stepFailed(`pulumi ${args.join(" ")}`, exitCode, again);
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

const color = process.stdout.isTTY && !process.env.NO_COLOR ? "always" : "never";
const update = [
  "up",
  "--yes",
  "--skip-preview",
  "--non-interactive",
  "--suppress-outputs",
  "--suppress-progress",
];

await enter(async (signal) => {
  const started = performance.now();
  const engine = await phase("Find the Pulumi engine", async () => {
    const found = await ensureEngine({ env: process.env, progress: process.stderr, signal });
    say(`  Pulumi ${found.version} from ${found.way}: ${found.cli}`);
    return found;
  });
  const env = localEnvironment(engine);
  await phase(`Prepare the stack "${localStack}"`, () => prepareStack(engine, env, signal));
  await phase("Provision, train and measure (pulumi up)", async () => {
    const args = [...update, "--color", color, "--stack", localStack];
    const exitCode = await runStep("Pulumi", engine.cli, args, env);
    if (signal.aborted) say(`\nInterrupted. ${again}`);
    signal.throwIfAborted();
    if (exitCode !== 0) throw stepFailed("pulumi up", exitCode, again);
  });
  const rocmark = join(repository, "benchmarks", "rocmark");
  if (!existsSync(rocmark))
    throw programMissing(rocmark, "The comparison", "The checkout is not whole: git status says more.");
  for (const { title, args, fine } of showing) {
    await phase(title, async () => {
      const exitCode = await runStep(`rocmark ${args[0]}`, rocmark, args, env);
      signal.throwIfAborted();
      if (!fine.includes(exitCode)) throw stepFailed(`rocmark ${args.join(" ")}`, exitCode, again);
    });
  }
  say(`${next}\nDone in ${renderDuration((performance.now() - started) / 1000)}.`);
  return 0;
});
