import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sources } from "../../../components/compatibility/sources.ts";
import { published } from "../../../components/compatibility/tables.ts";
import {
  compareVersions,
  parsePython,
  parseRelease,
  toMinor,
} from "../../../components/compatibility/versions.ts";

const room = new URL("../../../components/compatibility/", import.meta.url);

type Row = Record<string, unknown>;
const rows: { table: string; row: Row }[] = Object.entries(published).flatMap(([table, list]) =>
  (list as readonly object[]).map((row) => ({ table, row: row as Row })),
);

test("every row of every table names sources that exist", () => {
  const keysOf = (row: Row) => Object.entries(row).filter(([name]) => /source$/i.test(name));
  const strays = rows.filter(
    ({ row }) => keysOf(row).length === 0 || keysOf(row).some(([, key]) => !((key as string) in sources)),
  );
  expect(strays).toEqual([]);
});

test("every source bears a title, an address that is encrypted, and the day or month of the document", () => {
  const wrong = Object.entries(sources).filter(
    ([, { title, url, date }]) =>
      title === "" ||
      new URL(url).protocol !== "https:" ||
      !/^20\d\d-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$/.test(date),
  );
  expect(wrong).toEqual([]);
});

test("every source is cited by a row or by a rule", () => {
  const code = readdirSync(room)
    .filter((file) => file !== "sources.ts")
    .map((file) => readFileSync(new URL(file, room), "utf8"))
    .join("\n");
  expect(Object.keys(sources).filter((key) => !code.includes(`"${key}"`))).toEqual([]);
});

test("no two sources are the same document", () => {
  const urls = Object.values(sources).map(({ url }) => url);
  expect(urls.filter((url, at) => urls.indexOf(url) !== at)).toEqual([]);
});

test.each([
  ["rocm", published.rocm.map(({ release }) => release)],
  ["drivers", published.drivers.map(({ release }) => release)],
  ["wheels", published.wheels.map(({ torch, rocm }) => `${torch}+rocm${rocm}`)],
  ["driverWindows", published.driverWindows.map(({ driver }) => driver)],
  ["ubuntuKernels", published.ubuntuKernels.map(({ ubuntu }) => ubuntu)],
  ["torchReleases", published.torchReleases.map(({ minor }) => minor)],
  ["gpus", published.gpus.map(({ model }) => model)],
])("table %s holds each release once", (_table, keys) => {
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
});

test("releases are written with three parts", () => {
  const releases = [...published.rocm, ...published.drivers].map(({ release }) => release);
  expect(releases.filter((release) => parseRelease(release) !== release)).toEqual([]);
});

// What a new release needs besides its own row; each failure names what is missing.
test.each(published.rocm.map((row) => [row.release, row] as const))(
  "ROCm %s has a driver's window, and kernels for each of its Ubuntu releases",
  (release, row) => {
    expect(published.driverWindows.filter(({ rocm }) => rocm.includes(toMinor(release)))).not.toEqual([]);
    expect(
      row.ubuntu.filter((ubuntu) => !published.ubuntuKernels.some((kernels) => kernels.ubuntu === ubuntu)),
    ).toEqual([]);
  },
);

test.each(published.drivers.map((row) => [row.release, row] as const))(
  "driver %s has a line in AMD's window, and came with a ROCm that the line holds",
  (release, { shippedWith }) => {
    const line = published.driverWindows.find(({ driver }) => driver === toMinor(release));
    expect(line, "a row in driverWindows").toBeDefined();
    if (shippedWith !== null) expect(line?.rocm).toContain(toMinor(shippedWith));
  },
);

test.each(published.wheels.map((row) => [`${row.torch}+rocm${row.rocm}`, row] as const))(
  "the wheel %s has its PyTorch release, built for that ROCm or a newer one, and GPU targets",
  (_wheel, { torch, rocm }) => {
    const release = published.torchReleases.find(({ minor }) => minor === toMinor(torch));
    expect(release, "a row in torchReleases").toBeDefined();
    expect(compareVersions(rocm, release?.rocm ?? "0")).toBeLessThanOrEqual(0);
    expect(published.wheelTargets.map(({ major }) => major)).toContain(rocm.split(".")[0]);
  },
);

test("drivers, GPUs and Pythons that a table speaks of are those of the others", () => {
  const drivers = new Set(published.drivers.map(({ release }) => release as string));
  const targets = new Set(published.gpus.map(({ target }) => target as string));
  const named = [...published.driverUbuntu, ...published.reportedBuilds].flatMap(
    (row) => row.drivers as readonly string[],
  );
  expect(named.filter((release) => !drivers.has(release))).toEqual([]);
  const exceptions = [
    ...published.rocmExceptions,
    ...published.driverExceptions,
    ...published.firstWheels,
    ...published.firstDrivers,
  ];
  expect(exceptions.filter(({ target }) => !targets.has(target))).toEqual([]);
  const pythons = published.torchReleases.flatMap(({ python, experimental }) => [
    ...python,
    ...(experimental ? [experimental] : []),
  ]);
  expect(pythons.filter((python) => parsePython(python) !== python)).toEqual([]);
});
