import { describe, expect, test } from "vitest";
import { parseCommandLine } from "../../engine/commandLine.ts";
import { type Circumstances, isForLocalStack, isLocalStack, parseChoice } from "../../engine/stackChoice.ts";

const ours = "file:///home/me/rocmark/.rocmark/state";
const cloud = "https://api.pulumi.com";

/** Nothing selected, nobody logged in. */
const fresh: Circumstances = {
  words: parseCommandLine(["up"]),
  stackVariable: null,
  backendVariable: null,
  ownProject: true,
  localBackend: ours,
  selections: { stack: null, stacks: {} },
  login: null,
  chosenBeside: null,
};
const localSelected = { stack: null, stacks: { [ours]: "organization/rocmark/local" } };
const cloudSelected = { stack: null, stacks: { [cloud]: "acme/rocmark/prod" } };
const both = { stack: null, stacks: { ...localSelected.stacks, ...cloudSelected.stacks } };
const words = (line: string) => parseCommandLine(line.split(" "));

test.each([
  ["local", true],
  ["organization/local", true],
  ["organization/rocmark/local", true],
  ["acme/local", false],
  ["acme/rocmark/local", false],
  ["a/b/c/local", false],
  ["prod", false],
  ["local2", false],
  ["", false],
])("%j is the local stack: %j", (name, expected) => expect(isLocalStack(name)).toBe(expected));

describe("what the user says counts before what is selected", () => {
  test.each<[string, Partial<Circumstances>, boolean]>([
    ["a flag", { words: words("up -s local"), selections: cloudSelected, login: cloud }, true],
    ["a flag that names another", { words: words("up -s prod"), selections: localSelected }, false],
    ["the variable", { stackVariable: "local", login: cloud }, true],
    ["the variable that names another", { stackVariable: "prod", selections: localSelected }, false],
    ["a flag before the variable", { words: words("up -s prod"), stackVariable: "local" }, false],
    ["selecting the local stack", { words: words("stack select local"), login: cloud }, true],
    ["selecting another", { words: words("stack select prod"), selections: localSelected }, false],
    ["making another", { words: words("stack init ssh") }, false],
    ["login", { words: words("login s3://bucket") }, false],
    ["logout", { words: words("logout"), selections: localSelected }, false],
    ["a backend of the user's", { words: words("up -s local"), backendVariable: "s3://bucket" }, false],
    ["another project", { words: words("up -s local"), ownProject: false }, false],
  ])("%s", (_title, change, expected) => expect(isForLocalStack({ ...fresh, ...change })).toBe(expected));
});

describe("without a name, what is selected", () => {
  test.each<[string, Partial<Circumstances>, boolean]>([
    ["nothing, nobody logged in", {}, true],
    ["nothing, logged in elsewhere", { login: cloud }, false],
    ["nothing, logged in to the local backend itself", { login: ours }, true],
    ["the local stack", { selections: localSelected }, true],
    [
      "the local stack, logged in elsewhere, nothing selected there",
      { selections: localSelected, login: cloud },
      true,
    ],
    ["a cloud stack", { selections: cloudSelected, login: cloud }, false],
    ["a cloud stack of someone logged out since", { selections: cloudSelected }, true],
    ["both, ours not known to be the last", { selections: both, login: cloud }, false],
    ["both, ours last", { selections: both, login: cloud, chosenBeside: cloudSelected.stacks }, true],
    [
      "both, another selected since",
      { selections: both, login: cloud, chosenBeside: { [cloud]: "acme/x" } },
      false,
    ],
    ["both, the other new since", { selections: both, login: cloud, chosenBeside: {} }, false],
    [
      "an older Pulumi's selection for all backends",
      { selections: { stack: "prod", stacks: {} }, login: cloud },
      false,
    ],
  ])("%s", (_title, change, expected) => expect(isForLocalStack({ ...fresh, ...change })).toBe(expected));
});

test.each([
  ["{}", {}],
  [`{"a":"b"}`, { a: "b" }],
  [`{"a":1}`, null],
  ["[]", null],
  ["null", null],
  ["", null],
])("what was kept as %j reads as %j", (text, expected) => expect(parseChoice(text)).toEqual(expected));
