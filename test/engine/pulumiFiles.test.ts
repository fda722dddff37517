import { mkdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  findProjectFile,
  parseLogin,
  parseSelections,
  readLogin,
  readSelections,
  workspaceFileName,
} from "../../engine/pulumiFiles.ts";
import { file, folder } from "./stubs.ts";

test("names Pulumi's file of selections as Pulumi 3.259.0 does", () => {
  // The hash is sha1 of the path, compared once with what the CLI wrote.
  expect(workspaceFileName("rocmark", "/srv/rocmark/Pulumi.yaml")).toBe(
    "rocmark-575e59c4d9ac564bc2313ea8a72b9cffd9f3b35a-workspace.json",
  );
});

test.each([
  [
    `{"stacks":{"file:///a":"organization/rocmark/local"}}`,
    { stack: null, stacks: { "file:///a": "organization/rocmark/local" } },
  ],
  [`{"stack":"dev"}`, { stack: "dev", stacks: {} }],
  [`{"stack":"","stacks":{"a":1}}`, { stack: null, stacks: {} }],
  [`{"stack":7,"stacks":[]}`, { stack: null, stacks: {} }],
  ["null", { stack: null, stacks: {} }],
  [`{"stacks":`, { stack: null, stacks: {} }],
])("selections %s", (text, expected) => expect(parseSelections(text)).toEqual(expected));

test.each([
  ["{}", null],
  [`{"current":""}`, null],
  [`{"accessTokens":{}}`, null],
  [`{"current":"s3://bucket"}`, "s3://bucket"],
  ["age-encryption.org/v1", "unknown"],
  ["", "unknown"],
])("credentials %j are a login to %j", (text, expected) => expect(parseLogin(text)).toBe(expected));

test("no text breaks either parser", () => {
  const text = fc.oneof(fc.string(), fc.json());
  fc.assert(fc.property(text, (found) => void [parseSelections(found), parseLogin(found)]));
});

test("reads both from where Pulumi keeps them, and nothing from where it does not", async () => {
  const home = folder();
  const env = { PULUMI_HOME: home };
  expect(await readSelections(env, "rocmark", "/a/Pulumi.yaml")).toEqual({ stack: null, stacks: {} });
  expect(await readLogin(env)).toBeNull();

  file(join(home, "workspaces", workspaceFileName("rocmark", "/a/Pulumi.yaml")), `{"stacks":{"u":"local"}}`);
  file(join(home, "credentials.json"), `{"current":"s3://bucket"}`);
  expect(await readSelections(env, "rocmark", "/a/Pulumi.yaml")).toEqual({
    stack: null,
    stacks: { u: "local" },
  });
  expect(await readLogin(env)).toBe("s3://bucket");
  expect(await readLogin({ ...env, PULUMI_CREDENTIALS_PATH: folder() })).toBeNull();
});

test("an access token is a login to Pulumi Cloud", async () => {
  const env = { PULUMI_HOME: folder(), PULUMI_ACCESS_TOKEN: "pul-x" };
  expect(await readLogin(env)).toBe("https://api.pulumi.com");
});

test("finds the program of a folder in it or above it", () => {
  const root = folder();
  mkdirSync(join(root, "a", "b"), { recursive: true });
  expect(findProjectFile(join(root, "a", "b"))).toBeNull();
  const outer = file(join(root, "Pulumi.yaml"), "");
  expect(findProjectFile(join(root, "a", "b"))).toBe(outer);
  const inner = file(join(root, "a", "Pulumi.yml"), "");
  expect(findProjectFile(join(root, "a", "b"))).toBe(inner);
});
