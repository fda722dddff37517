/**
 * `npx pulumi ARGS`: Pulumi's CLI as its users know it, with the engine found or got first.
 *
 * For the local stack it also says where the state and the passphrase are; every other stack uses Pulumi's own ways.
 */
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { readChoice, writeChoice } from "./choice.ts";
import { parseCommandLine } from "./commandLine.ts";
import { enter } from "./entry.ts";
import { pulumiEnvironment, remoteWork } from "./environment.ts";
import {
  ensurePassphrase,
  localBackendUrl,
  localVariables,
  projectName,
  stateFolder,
} from "./localBackend.ts";
import { ensureEngine } from "./locate.ts";
import { repository } from "./places.ts";
import { findProjectFile, readLogin, readSelections } from "./pulumiFiles.ts";
import { become, runInFront } from "./runInFront.ts";
import { type Circumstances, isForLocalStack } from "./stackChoice.ts";

// Pulumi names its file of selections by the path it is started in: with the links resolved, as we have it.
const env: NodeJS.ProcessEnv = { ...process.env, PWD: process.cwd() };
const argv = process.argv.slice(2);

async function readCircumstances(): Promise<Circumstances> {
  const words = parseCommandLine(argv);
  const projectFile = findProjectFile(resolve(words.folder ?? "."));
  return {
    words,
    stackVariable: env.PULUMI_STACK || null,
    backendVariable: env.PULUMI_BACKEND_URL || null,
    ownProject: projectFile !== null && dirname(projectFile) === repository,
    localBackend: localBackendUrl(repository),
    selections: await readSelections(env, projectName, projectFile ?? ""),
    login: await readLogin(env),
    chosenBeside: await readChoice(repository),
  };
}

await enter(async (signal) => {
  const engine = await ensureEngine({ env, progress: process.stderr, signal });
  const circumstances = await readCircumstances();
  const local = isForLocalStack(circumstances);
  const variables = local ? localVariables(repository, env) : {};
  if (circumstances.words.debugs) variables.ROCMARK_SDK_DEBUG = "true";
  if (local) await mkdir(stateFolder(repository), { recursive: true });
  if (variables.PULUMI_CONFIG_PASSPHRASE_FILE && (await ensurePassphrase(repository)) === "lost") {
    // Pulumi asks for it, or says which variable to set: most commands need none.
    delete variables.PULUMI_CONFIG_PASSPHRASE_FILE;
  }

  // One node that fails does not stop the others, unless the user says otherwise, by this variable or by the flag.
  const ownEnv = circumstances.ownProject
    ? { PULUMI_CONTINUE_ON_ERROR: "true", ...(local ? {} : remoteWork(availableParallelism())), ...env }
    : env;
  const wholeEnv = pulumiEnvironment(engine, repository, ownEnv, variables);
  if (!circumstances.ownProject || !circumstances.words.selects) become(engine.cli, argv, wholeEnv);
  const exitCode = await runInFront(engine.cli, argv, wholeEnv);
  if (exitCode === 0) await writeChoice(repository, env, local);
  return exitCode;
});
