import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  compareVersions,
  isCompatible,
  isNewEnough,
  languageHostVersion,
  parseVersion,
  pulumiVersion,
  renderVersion,
} from "../../engine/versions.ts";
import { project } from "./stubs.ts";

test.each([
  ["v3.259.0", "3.259.0"],
  ["3.260.1-alpha.1730000000+dirty", "3.260.1-alpha.1730000000"],
  ["go version go1.26.8 linux/amd64", "1.26.8"],
  ["go1.25", "1.25.0"],
  ["go version go1.27rc1 darwin/arm64", "1.27.0"],
  ["Python 3.11.7", "3.11.7"],
  ["Python 3.15.0a2", "3.15.0"],
  ["git version 2.39.5 (Apple Git-154)", "2.39.5"],
  ["v24.21.0", "24.21.0"],
  ["3", null],
  ["git version 2.50.1.windows.1", "2.50.1"],
  ["", null],
])("finds the version in %j", (text, expected) => {
  const found = parseVersion(text);
  expect(found && renderVersion(found)).toBe(expected);
});

test("orders as section 11 of Semantic Versioning does", () => {
  const ordered = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
  ];
  ordered.push("1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0");
  const versions = ordered.flatMap((text) => parseVersion(text) ?? []);
  expect(versions.toReversed().sort(compareVersions).map(renderVersion)).toEqual(ordered);
});

const version = fc.record({
  major: fc.nat(40),
  minor: fc.nat(400),
  patch: fc.nat(40),
  prerelease: fc.array(fc.stringMatching(/^(0|[1-9][0-9]{0,3}|[a-z][a-z0-9]{0,4})$/), { maxLength: 3 }),
});

test("reads back every version it renders, and comparing is antisymmetric", () => {
  fc.assert(
    fc.property(version, version, (a, b) => {
      expect(parseVersion(renderVersion(a))).toEqual(a);
      expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)));
    }),
  );
});

test.each([
  ["3.259.0", true, true],
  ["3.258.9", false, false],
  ["3.259.0-alpha.1", false, false],
  ["3.1000.0", true, true],
  ["4.0.0", true, false],
  ["no version", false, false],
])("%s: new enough %s, compatible %s", (found, newEnough, compatible) => {
  expect([isNewEnough(found, "3.259.0"), isCompatible(found, "3.259.0")]).toEqual([newEnough, compatible]);
});

test("package.json and both Go modules name the versions that the engine asks for", () => {
  const read = (path: string) => readFileSync(join(project, path), "utf8");
  const { dependencies } = JSON.parse(read("package.json"));
  expect([dependencies.pulumi, dependencies["@pulumi/pulumi"]]).toEqual([pulumiVersion, pulumiVersion]);
  expect(read("engine/go/pulumi/go.mod")).toContain(`github.com/pulumi/pulumi/pkg/v3 v${pulumiVersion} `);
  expect(read("engine/go/nodejs/go.mod")).toContain(
    `github.com/pulumi/pulumi/sdk/v3 v${languageHostVersion} `,
  );
});
