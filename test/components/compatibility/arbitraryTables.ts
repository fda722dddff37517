import fc from "fast-check";
import type { Tables } from "../../../components/compatibility/tables.ts";

// Few values, so that random tables, nodes and requests meet each other often.
export const rocmReleases = ["6.4.0", "7.0.0", "7.1.0", "7.1.1"] as const;
export const driverReleases = ["6.4.0", "30.10.0", "30.20.0"] as const;
const torches = ["2.9.0", "2.10.0"] as const;
const inside = ["6.4", "7.0", "7.1"] as const;
export const points = ["24.04.2", "24.04.3", "22.04.5"] as const;
const series = ["6.8", "6.14", "5.15"] as const;
const targets = ["gfx942", "gfx90a", "gfx950"] as const;
export const modules = ["6.12.12", "6.14.14"] as const;
const source = "matrix711" as const;

const of = fc.constantFrom;

// Most of the time everything, so that some sets work; then less and less of it.
const some = <T>(...values: T[]): fc.Arbitrary<T[]> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(values) }, fc.subarray(values, { minLength: 1 }));
const rows = <Key, Row>(
  keys: readonly Key[],
  row: (key: Key) => fc.Arbitrary<Row>,
  atLeast = 0,
): fc.Arbitrary<Row[]> =>
  fc
    .oneof(
      { weight: 3, arbitrary: fc.constant([...keys]) },
      fc.subarray([...keys], { minLength: Math.max(atLeast, keys.length - 2) }),
    )
    .chain((kept) => fc.tuple(...kept.map(row)) as unknown as fc.Arbitrary<Row[]>);
const rarely = <const Row>(...of: Row[]): fc.Arbitrary<Row[]> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant<Row[]>([]) }, fc.subarray(of));

const from = { source: of("matrix711" as const) };

/** A version matrix with a few rows in each table. */
export const smallTables: fc.Arbitrary<Tables> = fc.record({
  drivers: rows(
    driverReleases,
    (release) =>
      fc.record({
        ...from,
        release: of(release),
        shippedWith: of(null, ...rocmReleases),
        module: of(null, ...modules, ...modules),
        build: of(null, 7),
        moduleSource: of("matrix711" as const),
      }),
    1,
  ),
  driverWindows: rows(["6.4", "30.10", "30.20"], (driver) =>
    fc.record({ ...from, driver: of(driver), rocm: some("6.4", "7.0", "7.1") }),
  ),
  driverExceptions: rarely(
    { driver: "30.10.0", model: "MI325X", target: "gfx942", virtualisation: "sr-iov", source },
    { driver: "30.20.0", model: "MI325X", target: "gfx942", virtualisation: "sr-iov", source },
    { driver: "30.20.0", model: "MI300X", target: "gfx942", virtualisation: "sr-iov", source },
  ),
  driverUbuntu: rows(driverReleases, (driver) =>
    fc.record({ ...from, drivers: of([driver]), ubuntu: some(...points) }),
  ),
  reportedBuilds: rarely(
    { drivers: ["30.10.0"], series: ["6.8"], fromBuild: 50, outcome: "fails", source },
    { drivers: ["30.10.0", "30.20.0"], series: ["6.14"], fromBuild: 0, outcome: "builds", source },
    { drivers: ["30.20.0"], series: ["6.14", "5.15"], fromBuild: 0, outcome: "fails", source },
  ),
  rocm: rows(
    rocmReleases,
    (release) =>
      fc.record({
        ...from,
        release: of(release),
        ubuntu: some(...points),
        targets: some(...targets),
        hip: of(null, "7.1.1"),
      }),
    1,
  ),
  rocmElsewhere: rarely(
    { rocm: "7.1", where: "elsewhere", source },
    { rocm: "7.0", where: "elsewhere", source },
  ),
  rocmExceptions: rarely(
    { rocm: "7.1", model: "MI300X", target: "gfx942", ubuntu: "24.04", kernels: ["6.8"], source },
    { rocm: "7.1", model: "MI325X", target: "gfx942", ubuntu: "24.04", kernels: ["6.14"], source },
    { rocm: "6.4", model: "MI300X", target: "gfx942", ubuntu: "22.04", kernels: ["5.15", "6.8"], source },
  ),
  ubuntuKernels: rows(points, (ubuntu) =>
    fc.record({ ...from, ubuntu: of(ubuntu), series: some(...series) }),
  ),
  gpus: fc.subarray(
    [
      { model: "MI300X", target: "gfx942", source },
      { model: "MI325X", target: "gfx942", source },
      { model: "MI250", target: "gfx90a", source },
    ],
    { minLength: 2 },
  ),
  firstDrivers: rarely({ target: "gfx950", driver: "30.10.0", source }),
  torchReleases: rows(
    ["2.9", "2.10"],
    (minor) =>
      fc.record({
        ...from,
        minor: of(minor),
        python: of(["3.10", "3.12"] as const, ["3.11", "3.12"] as const),
        experimental: of(null, "3.13"),
        rocm: of("7.1", "7.1", "7.0", "6.4"),
      }),
    1,
  ),
  wheels: rows(
    torches.flatMap((torch) => inside.map((rocm) => ({ torch, rocm }))),
    ({ torch, rocm }) =>
      fc.record({
        ...from,
        torch: of(torch),
        rocm: of(rocm),
        standing: of("documented" as const, "documented" as const, "reported" as const),
      }),
    1,
  ),
  wheelIndexes: rarely({ rocm: "7.1", oldest: "2.10.0", source }, { rocm: "7.0", oldest: "2.9.0", source }),
  wheelTargets: rows(["6", "7"], (major) =>
    fc.record({ ...from, major: of(major), targets: some(...targets) }),
  ),
  firstWheels: rarely({ target: "gfx950", rocm: "7.0", source }),
});

/** The tables with their rows in another order. */
export const shuffled = (tables: Tables): fc.Arbitrary<Tables> =>
  fc.record(
    Object.fromEntries(
      Object.entries(tables).map(([name, rows]) => [
        name,
        fc.shuffledSubarray(rows as unknown[], { minLength: rows.length }),
      ]),
    ),
  ) as unknown as fc.Arbitrary<Tables>;
