import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCommandLine } from "../../engine/commandLine.ts";

const read = (line: string) => parseCommandLine(line.split(" ").filter((word) => word !== ""));

test.each([
  ["", null, null],
  ["up", "up", null],
  ["up --stack prod", "up", "prod"],
  ["up --stack=prod", "up", "prod"],
  ["up -s prod", "up", "prod"],
  ["up -sprod", "up", "prod"],
  ["up -s=prod", "up", "prod"],
  ["up -ys prod", "up", "prod"],
  ["up -yfs prod", "up", "prod"],
  ["-s prod up", "up", "prod"],
  ["up --yes -s acme/rocmark/prod --skip-preview", "up", "acme/rocmark/prod"],
  ["up -s one -s two", "up", "two"],
  ["up --stack", "up", null],
  ["up --stack=", "up", null],
  // Values of other flags that look like ours.
  ["up -m -s", "up", null],
  ["up --message --stack", "up", null],
  ["up -mskip", "up", null],
  ["up -t urn:s prod", "up", null],
  ["up -p 4 --config a=s", "up", null],
  ["--color never stack select prod", "stack", "prod"],
  ["stack select prod", "stack", "prod"],
  ["stack select -c prod", "stack", "prod"],
  ["stack select --create prod", "stack", "prod"],
  ["stack select --secrets-provider passphrase prod", "stack", "prod"],
  ["stack init acme/prod --teams a", "stack", "acme/prod"],
  ["stack init one -s two", "stack", "two"],
  ["stack rm -f prod", "stack", "prod"],
  ["stack rm --yes prod", "stack", "prod"],
  ["stack output nodes --json", "stack", null],
  ["stack export -f state.json", "stack", null],
  ["stack rename prod", "stack", null],
  ["stack ls", "stack", null],
  ["config set select prod", "config", null],
  ["plugin run x -- -s prod", "plugin", null],
  ["login --local", "login", null],
])("%j is for stack %j, %j", (line, command, stack) => {
  expect(read(line)).toMatchObject({ command, stack });
});

test.each([
  ["stack select prod", true],
  ["stack init prod", true],
  ["stack new prod", true],
  ["stack init prod --no-select", false],
  ["stack rm prod", false],
  ["stack", false],
  ["up -s prod", false],
])("%j selects: %j", (line, selects) => expect(read(line).selects).toBe(selects));

test.each([
  ["up", null],
  ["-C ../other up", "../other"],
  ["up --cwd=/a", "/a"],
  ["up -C/a", "/a"],
])("%j runs in %j", (line, folder) => expect(read(line).folder).toBe(folder));

test("any words give an answer", () => {
  const word = fc.oneof(
    fc.constantFrom("stack", "select", "-s", "--stack", "--", "-", "--=", "-ys"),
    fc.string(),
  );
  fc.assert(fc.property(fc.array(word), (argv) => void parseCommandLine(argv)));
});

test("a stack named by flag is found wherever the flag stands among switches", () => {
  const switches = fc.array(
    fc.constantFrom("--yes", "-y", "--json", "--skip-preview", "-f", "--non-interactive"),
  );
  fc.assert(
    fc.property(switches, switches, (before, after) => {
      expect(parseCommandLine([...before, "up", ...after, "-s", "prod"]).stack).toBe("prod");
      expect(parseCommandLine([...before, "--stack", "prod", "up", ...after]).stack).toBe("prod");
    }),
  );
});

test.each([
  ["up --debug", true],
  ["up --debug=true -y", true],
  ["up -d", true],
  ["up -yds prod", true],
  ["up", false],
  ["up --debug=false", false],
  ["up -sd", false],
  ["up -m -d", false],
  ["up -- --debug", false],
])("whether debugging messages are asked for: %j", (line, debugs) => {
  expect(read(line).debugs).toBe(debugs);
});
