import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkInputs } from "../../provider/check.ts";
import { diffInputs } from "../../provider/diff.ts";
import { OutputLog } from "../../provider/engineLog.ts";
import { commandFailed } from "../../provider/errors.ts";
import { resourceFields } from "../../provider/fields.ts";
import { parseGlob, selectPaths } from "../../provider/globs.ts";
import { mask, resourceSecrets, secretTexts } from "../../provider/mask.ts";
import { renderSchema } from "../../provider/schema.ts";
import { conceal, reveal } from "../../provider/wire.ts";

const globs: [glob: string, path: string, matches: boolean][] = [
  ["*.txt", "a.txt", true],
  ["*.txt", "sub/a.txt", false],
  ["**.txt", "sub/a.txt", true],
  ["src/**", "src/a/b.js", true],
  ["src/**/b.js", "src/a/b.js", true],
  ["?.js", "a.js", true],
  ["?.js", "/.js", false],
  ["[ab].js", "b.js", true],
  ["[!ab].js", "b.js", false],
  ["[a-c]x", "bx", true],
  ["{a,b*}.js", "bcd.js", true],
  ["{a,b}.js", "c.js", false],
  ["a.b", "axb", false],
  ["a+(b)$", "a+(b)$", true],
  ["\\*", "*", true],
  ["\\*", "a", false],
];
test.each(globs)("%s and %s", (glob, path, matches) => {
  expect(parseGlob(glob).test(path)).toBe(matches);
});

test("rules hold in order: a later one takes out or puts back", () => {
  const paths = ["src/index.js", "src/secret.js", "src/secret.keep.js"];
  expect(selectPaths(paths, ["src/**.js", "!**secret.*", "**.keep.js"])).toEqual([
    "src/index.js",
    "src/secret.keep.js",
  ]);
});

test("the SDK's example of globs", () => {
  const paths = ["assets/logos/logo.svg", "src/index.js", "src/secret.js"];
  expect(selectPaths(paths, ["assets/**", "src/**.js", "!**secret.*"])).toEqual([
    "assets/logos/logo.svg",
    "src/index.js",
  ]);
});

test("any glob is read or refused, never something else", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (glob, path) => {
      try {
        parseGlob(glob).test(path);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
    { seed: 3 },
  );
});

describe("secrets", () => {
  test("no secret text survives masking, wherever it stood", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!"[secret]".includes(secret));
        const secrets = secretTexts({ deep: [{ inside: conceal({ value: secret }) }] });
        expect(mask(before + secret + after, secrets)).toContain("[secret]");
      }),
      { seed: 3 },
    );
  });

  test("a secret of several lines is masked line by line, too", () => {
    const secrets = secretTexts(conceal("first-line\nsecond-line\n"));
    expect(mask("said second-line and first-line", secrets)).toBe("said [secret] and [secret]");
  });

  test("of a connection only the credentials are masked: where something failed must be said", () => {
    const connection = conceal({
      host: "node-a",
      password: "pass-word",
      proxy: { host: "gate", privateKey: "key-text" },
    });
    expect(resourceSecrets({ connection, create: "not secret" }).sort()).toEqual(["key-text", "pass-word"]);
  });

  test("revealing keeps everything but the marks", () => {
    expect(reveal({ a: conceal([1, conceal("b")]), c: null })).toEqual({ a: [1, "b"], c: null });
  });
});

test("a failure shows the last 20 lines of standard error and says how many there were", () => {
  const stderr = Array.from({ length: 30 }, (_, n) => `line ${n + 1}`).join("\n");
  const { message } = commandFailed("update", "node-a", {
    exitCode: 2,
    signal: null,
    stdout: "printed",
    stderr,
  });
  expect(message.split("\n")).toHaveLength(21);
  expect(message).toMatch(
    /^update on node-a: exit code 2; last 20 of 30 lines on standard error:\nline 11\n/,
  );
  expect(message).not.toContain("printed");
});

test("check never shows a value, which may be one that should have been secret", () => {
  const fields = resourceFields["command:local:Command"]?.inputs ?? {};
  const { failures } = checkInputs(fields, { create: { key: "canary" }, environment: { "A.B": ["canary"] } });
  expect(failures).toEqual([
    { property: "create", reason: "expected a string, got an object" },
    { property: 'environment["A.B"]', reason: "expected a string, got a list" },
  ]);
});

test("inputs differ from themselves nowhere, and from others at every changed key", () => {
  const value = fc.oneof(
    fc.string(),
    fc.boolean(),
    fc.integer(),
    fc.array(fc.string()),
    fc.string().map(conceal),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), value), (inputs) => {
      expect(diffInputs(inputs, structuredClone(inputs)).size).toBe(0);
      expect(diffInputs({}, inputs).size).toBe(Object.keys(inputs).length);
      expect(new Set(diffInputs(inputs, {}).values()).size).toBeLessThanOrEqual(1);
    }),
    { seed: 3 },
  );
});

test("only whole lines are shown, in order, and of a flood the last ones", async () => {
  const shown: string[] = [];
  const log = new OutputLog(async (line) => {
    shown.push(line);
  });
  log.push("stdout", "one\ntw");
  log.push("stdout", "o\nthree");
  await log.end();
  expect(shown.splice(0)).toEqual(["one", "two", "three"]);
  log.push("stdout", "x\n".repeat(1000));
  await log.end();
  expect(shown).toHaveLength(21);
  expect(shown[0]).toBe("(980 lines)");
});

test("the schema has what the SDK was generated from: resources, required inputs, secrets", () => {
  const schema = JSON.parse(renderSchema("1.2.1"));
  expect(Object.keys(schema.resources)).toEqual(Object.keys(resourceFields));
  expect(schema.resources["command:remote:CopyToRemote"].requiredInputs).toEqual([
    "connection",
    "source",
    "remotePath",
  ]);
  expect(schema.resources["command:remote:Command"].inputProperties.connection).toEqual({
    type: "object",
    $ref: "#/types/command:remote:Connection",
    secret: true,
  });
  expect(Object.keys(schema.types)).toEqual(["command:remote:Connection", "command:remote:ProxyConnection"]);
});
