import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  checkpointFile,
  ensurePassphrase,
  localBackendUrl,
  localVariables,
  passphraseFile,
  withoutSalt,
} from "../../engine/localBackend.ts";
import { file, folder } from "./stubs.ts";

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

test("makes a passphrase once, for this user alone", async () => {
  const root = folder();
  expect(await ensurePassphrase(root)).toBe("made");
  const made = readFileSync(passphraseFile(root), "utf8");
  expect(made).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
  expect(modeOf(passphraseFile(root))).toBe("600");
  expect(await ensurePassphrase(root)).toBe("there");
  expect(readFileSync(passphraseFile(root), "utf8")).toBe(made);
});

test("several first runs at once agree on one, and leave no partial file", async () => {
  const root = folder();
  const states = await Promise.all(Array.from({ length: 4 }, () => ensurePassphrase(root)));
  expect(states.sort()).toEqual(["made", "there", "there", "there"]);
  expect(readdirSync(join(root, ".rocmark"))).toEqual(["passphrase"]);
});

test("takes rights away that others were given", async () => {
  const root = folder();
  await ensurePassphrase(root);
  chmodSync(passphraseFile(root), 0o644);
  expect(await ensurePassphrase(root)).toBe("there");
  expect(modeOf(passphraseFile(root))).toBe("600");
});

test("makes no new one for a stack that was made with another", async () => {
  const root = folder();
  await ensurePassphrase(root);
  file(checkpointFile(root), "{}");
  rmSync(passphraseFile(root));
  expect(await ensurePassphrase(root)).toBe("lost");
  file(passphraseFile(root), "\n");
  expect(await ensurePassphrase(root)).toBe("lost");
});

test("says where the backend is so that Pulumi can read it, spaces and all", () => {
  expect(localBackendUrl("/a b/c")).toBe("file:///a%20b/c/.rocmark/state");
});

test.each([
  [{}, ["PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE"]],
  [{ PULUMI_CONFIG_PASSPHRASE: "" }, ["PULUMI_BACKEND_URL"]],
  [{ PULUMI_CONFIG_PASSPHRASE_FILE: "/mine" }, ["PULUMI_BACKEND_URL"]],
])("with %j set, sets %j", (env, expected) =>
  expect(Object.keys(localVariables("/a", env))).toEqual(expected),
);

test.each([
  ["config:\n  a: 1\nencryptionsalt: v1:x\n", "config:\n  a: 1\n"],
  ["encryptionsalt: v1:x\nconfig:\n  a: 1\n", "config:\n  a: 1\n"],
  ["config:\n  a: 1\n", null],
  ["# encryptionsalt: is Pulumi's\nconfig: {}\n", null],
  ["config:\n  a:\n    secure: v1:y\nencryptionsalt: v1:x\n", null],
])("a config without its salt: %j", (config, expected) => expect(withoutSalt(config)).toBe(expected));
