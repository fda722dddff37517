import fc from "fast-check";
import { expect, test } from "vitest";
import { findGpu } from "../../../components/compatibility/gpus.ts";
import { published } from "../../../components/compatibility/tables.ts";
import {
  compareVersions,
  isUbuntu,
  parseKernel,
  parsePython,
  parseRelease,
  parseWheel,
  toDriverDigits,
  toMinor,
  toPackageDigits,
} from "../../../components/compatibility/versions.ts";

const number = fc.nat({ max: 99 });
const release = fc.tuple(number, number, number).map((parts) => parts.join("."));
const few = { numRuns: 300, seed: 4 };

test("a release with three parts is read back as it is", () => {
  fc.assert(
    fc.property(release, (text) => parseRelease(text) === text),
    few,
  );
});

test("a release without its patch is the one with patch 0", () => {
  fc.assert(
    fc.property(number, number, (a, b) => parseRelease(`${a}.${b}`) === `${a}.${b}.0`),
    few,
  );
});

test("a wheel's version is read back as it is, also when one half is open", () => {
  const half = fc.option(release, { nil: null });
  fc.assert(
    fc.property(
      half,
      fc.option(
        fc.tuple(number, number).map((parts) => parts.join(".")),
        { nil: null },
      ),
      (torch, rocm) => {
        const text = `${torch ?? ""}${rocm === null ? "" : `+rocm${rocm}`}`;
        fc.pre(text !== "");
        expect(parseWheel(text)).toEqual({ torch, rocm });
      },
    ),
    few,
  );
});

test("a kernel of Ubuntu's is read back as it is", () => {
  const flavour = fc.constantFrom("generic", "aws", "azure", "oem", "lowlatency", "gcp-64k");
  fc.assert(
    fc.property(number, number, number, fc.nat({ max: 99_999 }), flavour, (a, b, patch, build, flavour) => {
      expect(parseKernel(`${a}.${b}.${patch}-${build}-${flavour}`)).toEqual({
        series: `${a}.${b}`,
        build,
        flavour,
      });
    }),
    few,
  );
});

// Characters of versions, so that what comes out looks like one more often than not.
const junk = fc.string({ unit: fc.constantFrom(..."0123456789.+-rocm "), maxLength: 14 });

test("what a parser takes is a version in full: it says the same of the version that it returns", () => {
  fc.assert(
    fc.property(junk, (text) => {
      const parsed = { release: parseRelease(text), python: parsePython(text) };
      if (parsed.release !== null) {
        expect(text).toMatch(/^\d+\.\d+(\.\d+)?$/);
        expect(parseRelease(parsed.release)).toBe(parsed.release);
      }
      if (parsed.python !== null) {
        expect(text).toMatch(/^3\.\d+(\.\d+)?$/);
        expect(parsePython(parsed.python)).toBe(parsed.python);
      }
    }),
    { ...few, numRuns: 2000 },
  );
});

test.each(["", "7", "7.1.1.1", "v7.1", "7.1 ", "7.1-rc1", "latest", "7.x", "-7.1", "7..1"])(
  "%j is no release",
  (text) => {
    expect(parseRelease(text)).toBeNull();
  },
);

test.each([
  "",
  "+rocm",
  "2.10.0+cu128",
  "2.10.0+cpu",
  "2.10.0+rocm7",
  "2.10.0rc1+rocm7.1",
  "torch==2.10.0",
  "2.10.0 +rocm7.1",
])("%j is no PyTorch for ROCm", (text) => {
  expect(parseWheel(text)).toBeNull();
});

test.each([
  "",
  "6.8",
  "6.8.0",
  "6.8.0-60",
  "6.1.0-43-amd64-extra!",
  "6.12.100+deb13-amd64",
  "5.14.0-570.el9.x86_64",
])("%j is no kernel of Ubuntu's", (text) => {
  expect(parseKernel(text)).toBeNull();
});

test.each(["2.7", "3", "4.1", "3.x", "3.12rc1", ""])("%j is no Python", (text) => {
  expect(parsePython(text)).toBeNull();
});

test("versions are in order by their numbers, not by their letters", () => {
  const sorted = ["30.30.1", "6.4", "6.4.1", "30.10", "6.10", "7.14.0"].toSorted(compareVersions);
  expect(sorted).toEqual(["6.4", "6.4.1", "6.10", "7.14.0", "30.10", "30.30.1"]);
});

test("the order of versions is one: antisymmetric and transitive", () => {
  fc.assert(
    fc.property(release, release, release, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
        expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
    }),
    few,
  );
});

test.each([
  ["24.04.3", "24.04", true],
  ["24.04.3", "24.04.3", true],
  ["24.04.3", "24.04.4", false],
  ["24.04", "24.04.3", false],
  ["24.04", "24.04", true],
  ["22.04.5", "24.04", false],
])("Ubuntu %s of a table and %s of a node: %s", (listed, named, same) => {
  expect(isUbuntu(listed, named)).toBe(same);
});

test.each([
  ["7.1.1", "70101"],
  ["7.2.0", "70200"],
  ["6.4.3", "60403"],
])("ROCm %s is %s in the names of its packages", (release, digits) => {
  expect(toPackageDigits(release)).toBe(digits);
});

test.each([
  ["6.4.1", "60401"],
  ["30.10.0", "30100000"],
  ["30.20.1", "30200100"],
  ["31.40.0", "31400000"],
])("driver %s is %s in the version of amdgpu-dkms", (release, digits) => {
  expect(toDriverDigits(release)).toBe(digits);
});

test("a minor version is the first two parts", () => {
  expect(["7.1.1", "6.2.4", "3.12"].map(toMinor)).toEqual(["7.1", "6.2", "3.12"]);
});

test.each([
  ["AMD Instinct MI300X VF", "MI300X"],
  ["AMD_Instinct_MI300X_OAM", "MI300X"],
  ["Instinct MI250X/MI250", "MI250X"],
  ["AMD Radeon RX 7900 XTX", "RX 7900 XTX"],
  ["AMD Radeon RX 7900 XT", "RX 7900 XT"],
  ["AMD Radeon RX 7900 GRE", "RX 7900 GRE"],
  ["Radeon PRO W7800 48GB", "PRO W7800"],
  ["AMD Radeon PRO W7900 Dual Slot", "PRO W7900"],
  ["AMD Radeon Graphics", undefined],
  ["NVIDIA H100 80GB HBM3", undefined],
])("a GPU called %j is the matrix's %s", (name, model) => {
  expect(findGpu(name, published.gpus)?.model).toBe(model);
});
