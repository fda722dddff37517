import { randomBytes, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { localFolder } from "./places.ts";

/** The project's name in Pulumi.yaml. */
export const projectName = "rocmark";

/** Where the local stack's state lies. */
export const stateFolder = (root: string): string => join(localFolder(root), "state");

/** The backend's URL: it is also the key under which Pulumi remembers the selection, so it is made in one way only. */
export const localBackendUrl = (root: string): string => pathToFileURL(stateFolder(root)).href;

/** The local stack's checkpoint, Pulumi's own file. */
export const checkpointFile = (root: string): string =>
  join(stateFolder(root), ".pulumi", "stacks", projectName, "local.json");

/** The file that holds the local stack's passphrase. */
export const passphraseFile = (root: string): string => join(localFolder(root), "passphrase");

/** Whether the passphrase is new, was there, or is gone, empty or unreadable while a stack made with it is there. */
export type PassphraseState = "made" | "there" | "lost";

/** Make the passphrase of the local stack, once, readable by this user alone. */
export async function ensurePassphrase(root: string): Promise<PassphraseState> {
  const file = passphraseFile(root);
  const existing = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? null : "",
  );
  if (existing !== null && existing.trim() !== "") {
    if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
    return "there";
  }
  if (existing !== null || existsSync(checkpointFile(root))) return "lost";
  await mkdir(localFolder(root), { recursive: true });
  const partial = `${file}.${randomUUID()}.partial`;
  await writeFile(partial, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  try {
    // A link fails where the file has appeared meanwhile: two first runs at once agree on one passphrase.
    await link(partial, file);
    return "made";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return "there";
    throw error;
  } finally {
    await rm(partial, { force: true });
  }
}

/** Everything a `pulumi` of the local stack needs in its environment. What the user has set stays as it is. */
export function localVariables(root: string, env: NodeJS.ProcessEnv): Record<string, string> {
  const variables: Record<string, string> = { PULUMI_BACKEND_URL: localBackendUrl(root) };
  if (env.PULUMI_CONFIG_PASSPHRASE === undefined && env.PULUMI_CONFIG_PASSPHRASE_FILE === undefined)
    variables.PULUMI_CONFIG_PASSPHRASE_FILE = passphraseFile(root);
  return variables;
}

/**
 * A stack's config without the salt that belongs to a passphrase that is gone.
 *
 * Pulumi refuses a passphrase that does not fit the salt. Null when nothing has to change: there is no salt, or secrets
 * of the lost passphrase are in the file, which only its owner can decide to give up.
 */
export function withoutSalt(config: string): string | null {
  if (!/^encryptionsalt:/m.test(config) || /^\s+(-\s+)?secure:/m.test(config)) return null;
  return config.replace(/^encryptionsalt:.*\n?/m, "");
}
