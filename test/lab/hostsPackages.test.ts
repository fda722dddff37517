import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toAptSources } from "../../components/compatibility/aptSources.ts";
import { toInstallation } from "../../components/compatibility/installation.ts";
import { published } from "../../components/compatibility/tables.ts";
import { parseRelease } from "../../components/compatibility/versions.ts";
import { toDriverPackages } from "./hosts/repository/amdDriver.ts";
import { toGraphicsPackages, toRocmPackages } from "./hosts/repository/amdRocm.ts";
import { isMeant } from "./hosts/repository/faults.ts";
import { toKernelVersion, toNewest } from "./hosts/repository/kernel.ts";
import { makeLock } from "./hosts/repository/lock.ts";
import { PythonIndexes } from "./hosts/repository/pythonIndex.ts";
import { driverReleases, rocmReleases, torchWheels } from "./hosts/repository/releases.ts";
import { toRange } from "./hosts/repository/respond.ts";

// The lab's packages must be those that an installation of the version matrix asks for, or phases that pass here would
// ask AMD's archives for what is not there.
const suffixes = ["22.04", "24.04"] as const;
const asked = (driver: string, rocm: string, ubuntu: string) =>
  toInstallation(
    { driver, rocm, pytorch: "2.10.0+rocm7.1", python: "3.12" },
    {
      node: { os: "ubuntu", osVersion: ubuntu, kernel: "6.8.0-60-generic" },
      tables: published,
      scope: "host",
    },
    ["rocm", "rccl", "rocm-smi-lib", "hip-runtime-amd", "rocm-validation-suite", "rocm-core"],
  ).packages.map(({ value }) => value);
const toPattern = (version: string) =>
  new RegExp(
    `^${version
      .split("*")
      .map((part) => part.replace(/[.+~]/g, "\\$&"))
      .join(".+")}$`,
  );
const full = (directory: string): string => parseRelease(directory) ?? directory;

describe.each(suffixes)("on Ubuntu %s", (ubuntu) => {
  test.each(Object.keys(driverReleases))("driver %s is the package that the matrix names", (directory) => {
    const [wanted] = asked(full(directory), "7.1.1", ubuntu);
    const found = toDriverPackages(directory, ubuntu)?.find(({ name }) => name === "amdgpu-dkms");
    expect(found?.version).toMatch(toPattern(wanted?.version ?? ""));
  });

  test.each(Object.keys(rocmReleases))("ROCm %s has each package that the matrix names", (directory) => {
    const found = new Map(toRocmPackages(directory, ubuntu)?.map(({ name, version }) => [name, version]));
    for (const { name, version } of asked("30.20.1", full(directory), ubuntu).slice(1))
      expect(found.get(name), name).toMatch(toPattern(version));
  });

  test.each(Object.keys(rocmReleases))(
    "what ROCm %s depends on is in the archives that go with it",
    (directory) => {
      const sources = toAptSources(
        { driver: full(directory), rocm: full(directory), pytorch: "2.10.0+rocm7.1", python: "3.12" },
        ubuntu,
        "host",
      ).repositories.map(({ value }) => value.url);
      const graphics = sources.some((url) => url.includes("/graphics/"));
      // Up to 6.4 the driver's archive bears ROCm's number.
      const driver = toDriverPackages(directory, ubuntu) ?? [];
      const packages = [
        ...(toRocmPackages(directory, ubuntu) ?? []),
        ...driver,
        ...(graphics ? (toGraphicsPackages(directory, ubuntu) ?? []) : []),
      ];
      const names = new Set([...packages.map(({ name }) => name), "python3", "dkms"]);
      const needed = packages.flatMap(({ depends = [] }) => depends).map((text) => text.split(" ")[0] ?? "");
      expect(needed.filter((name) => !names.has(name))).toEqual([]);
    },
  );
});

test("a driver's module is the one that the matrix expects after a reboot", () => {
  const expected = published.drivers.flatMap(({ release, module }) =>
    module ? [[release, module] as const] : [],
  );
  const known = new Map(expected);
  const found = Object.entries(driverReleases).map(([directory, { module }]) => [full(directory), module]);
  expect(found).toEqual(found.map(([release = ""]) => [release, known.get(release)]));
});

test("a ROCm release's HIP is the one that the matrix expects, where it expects one", () => {
  for (const [directory, { hip }] of Object.entries(rocmReleases)) {
    const row = published.rocm.find(({ release }) => release === full(directory));
    if (row?.hip) expect(hip, directory).toBe(row.hip);
  }
});

test("every wheel of the lab is one of the matrix", () => {
  const wheels = published.wheels.map(({ torch, rocm }) => `${torch}+rocm${rocm}`);
  const found = Object.entries(torchWheels).flatMap(([index, { versions }]) =>
    versions.map((v) => `${v}+${index}`),
  );
  expect(found.filter((wheel) => !wheels.includes(wheel))).toEqual([]);
});

test("a lock's hashes are those of the files that the indexes serve, torch's from PyTorch's alone", () => {
  const indexes = new PythonIndexes([]);
  const hashes = (page: Buffer | undefined) =>
    [...String(page).matchAll(/torch-2\.10\.0\S*?#sha256=([0-9a-f]{64})/g)].map((match) => match[1]);
  const lock = makeLock("2.10.0+rocm7.1");
  const pinned = [...(lock.split("torch==2.10.0+rocm7.1")[1] ?? "").matchAll(/sha256:([0-9a-f]{64})/g)].map(
    (m) => m[1],
  );
  expect(pinned).toHaveLength(3);
  expect(hashes(indexes.read("download.pytorch.org/whl/rocm7.1/torch/"))).toEqual(pinned);
  expect(hashes(indexes.read("pypi.org/simple/torch/"))).not.toContain(pinned[0]);
});

test("the newest kernel of each series is the one with the highest build, not the last in the alphabet", () => {
  expect(toNewest(["6.8.0-101-generic", "6.8.0-60-generic", "6.14.0-9-generic"])).toEqual([
    "6.8.0-101-generic",
    "6.14.0-9-generic",
  ]);
  expect(() => toKernelVersion("linux")).toThrow(/6\.8\.0-60-generic, not "linux"/);
});

test("a fault's path means what begins with it, on every host or on the one that it names", () => {
  const address = "repo.radeon.com/amdgpu/30.20.1/ubuntu/dists/noble/InRelease";
  expect(
    ["/amdgpu/30.20.1/", "repo.radeon.com/amdgpu", "/amdgpu/30.20/", "/30.20.1"].map((path) =>
      isMeant(path, address),
    ),
  ).toEqual([true, true, false, false]);
});

test("a range of bytes is within the content, and none is asked for by what is no range", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(1000), fc.integer({ min: 1, max: 1000 }), (first, last, length) => {
      const range = toRange({ range: `bytes=${first}-${last}` }, length);
      if (range)
        expect([range.from >= 0, range.from < range.to, range.to <= length]).toEqual([true, true, true]);
      else expect(first > last || first >= length).toBe(true);
    }),
  );
  expect(toRange({ range: "bytes=-4" }, 10)).toEqual({ from: 6, to: 10 });
  expect(toRange({ range: "bytes=4-" }, 10)).toEqual({ from: 4, to: 10 });
  expect([undefined, "bytes=-", "items=1-2"].map((range) => toRange({ range }, 10))).toEqual(
    Array(3).fill(undefined),
  );
});

test("the rest of what may have changed since is all of it", () => {
  const begun = { range: "bytes=4-", "if-range": "Wed, 25 Nov 2026 10:00:00 GMT" };
  expect(toRange(begun, 10)).toBeUndefined();
});
