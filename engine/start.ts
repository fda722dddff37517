/**
 * `npm start`: engine, stack, `pulumi up`, comparison and report, each only as far as it is missing.
 *
 * State and passphrase are the local stack's own, whatever backend the user is logged in to.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "./engine.ts";
import { enter } from "./entry.ts";
import { pulumiEnvironment } from "./environment.ts";
import { programMissing, stepFailed } from "./errors.ts";
import { localVariables } from "./localBackend.ts";
import { ensureEngine } from "./locate.ts";
import { localFolder, repository } from "./places.ts";
import { again, prepareStack } from "./prepareStack.ts";
import { renderDuration } from "./progress.ts";
import { localStack } from "./stackChoice.ts";
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
  await phase(`Prepare the stack "${localStack}"`, () => prepareStack(engine, env, signal, say));
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
