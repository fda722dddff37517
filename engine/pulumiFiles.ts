import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pulumiHome } from "./places.ts";
import type { Selections } from "./stackChoice.ts";

/** Name of Pulumi's own file of selections for a project: the project's name and the path of its Pulumi.yaml. */
export const workspaceFileName = (project: string, projectFile: string): string =>
  `${project}-${createHash("sha1").update(projectFile).digest("hex")}-workspace.json`;

/** The selections in a workspace file. What is not one is left out: Pulumi will say what is wrong with its file. */
export function parseSelections(text: string): Selections {
  const found = parseObject(text);
  const stacks = isObject(found.stacks) ? found.stacks : {};
  return {
    stack: typeof found.stack === "string" && found.stack !== "" ? found.stack : null,
    stacks: Object.fromEntries(
      Object.entries(stacks).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    ),
  };
}

/**
 * The backend the user is logged in to, from Pulumi's credentials file; null for none.
 *
 * A file that is there and cannot be read as JSON counts as a login to a backend of unknown name.
 */
export function parseLogin(text: string): string | null {
  const found = parseObject(text);
  if (Object.keys(found).length === 0 && !/^\s*\{\s*\}\s*$/.test(text)) return "unknown";
  return typeof found.current === "string" && found.current !== "" ? found.current : null;
}

/** What the user has selected for this project. */
export async function readSelections(
  env: NodeJS.ProcessEnv,
  project: string,
  projectFile: string,
): Promise<Selections> {
  const file = join(pulumiHome(env), "workspaces", workspaceFileName(project, projectFile));
  return parseSelections(await readFile(file, "utf8").catch(() => "{}"));
}

/** Where the user is logged in; an access token in the environment is a login to Pulumi Cloud. */
export async function readLogin(env: NodeJS.ProcessEnv): Promise<string | null> {
  const file = join(env.PULUMI_CREDENTIALS_PATH || pulumiHome(env), "credentials.json");
  const login = parseLogin(await readFile(file, "utf8").catch(() => "{}"));
  return login ?? (env.PULUMI_ACCESS_TOKEN ? "https://api.pulumi.com" : null);
}

/** The Pulumi.yaml that a command in {@link folder} is for, as Pulumi finds it: here or in the nearest folder above. */
export function findProjectFile(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const file = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"]
      .map((name) => join(at, name))
      .find((path) => existsSync(path));
    if (file !== undefined) return file;
    if (dirname(at) === at) return null;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseObject(text: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text);
    return isObject(found) ? found : {};
  } catch {
    return {};
  }
}
