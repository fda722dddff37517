import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localBackendUrl, projectName } from "./localBackend.ts";
import { localFolder } from "./places.ts";
import { readSelections } from "./pulumiFiles.ts";
import { parseChoice, selectionsBeside } from "./stackChoice.ts";

/** Where it is kept that the local stack was the last one selected, and what was selected beside it then. */
const choiceFile = (root: string): string => join(localFolder(root), "selected.json");

/** See {@link parseChoice}. */
export const readChoice = async (root: string): Promise<Record<string, string> | null> =>
  parseChoice(await readFile(choiceFile(root), "utf8").catch(() => ""));

/** Keep that the local stack has just been selected, or that another has. */
export async function writeChoice(root: string, env: NodeJS.ProcessEnv, local: boolean): Promise<void> {
  if (!local) return rm(choiceFile(root), { force: true });
  const selections = await readSelections(env, projectName, join(root, "Pulumi.yaml"));
  const beside = selectionsBeside({ selections, localBackend: localBackendUrl(root) });
  await mkdir(localFolder(root), { recursive: true });
  await writeFile(choiceFile(root), `${JSON.stringify(beside)}\n`);
}
