import fc from "fast-check";
import type { NodeFacts, Scope, SoftwareRequest } from "../../../components/compatibility/request.ts";
import { toDriverDigits } from "../../../components/compatibility/versions.ts";
import { driverReleases, modules, points, rocmReleases } from "./arbitraryTables.ts";

const of = fc.constantFrom;

const driverState = fc
  .tuple(of(null, ...modules, "6.16.6", "6.16.13"), of(...driverReleases, "30.20.1", "30.30.4"))
  .map(([module, release]) => ({
    amdgpuDriver: module,
    amdgpuPackage: module && `1:${module}.${toDriverDigits(release)}-7.24.04`,
  }));
const gpuState = of(
  { gpus: ["gfx942"], gpuModel: "AMD Instinct MI300X" },
  { gpus: [], gpuModel: "AMD Instinct MI300X" },
  { gpus: ["gfx942"], gpuModel: "AMD Instinct MI300X VF" },
  { gpus: ["gfx942", "gfx942"], gpuModel: "AMD Instinct MI325X" },
  { gpus: ["gfx90a"], gpuModel: "AMD Instinct MI250" },
  { gpus: ["gfx950"], gpuModel: "AMD Instinct MI355X" },
);

/** A node of which everything is known, and nothing contradicts anything. */
export const fullNode: fc.Arbitrary<NodeFacts> = fc
  .tuple(
    fc.record({
      os: of(...Array<string>(9).fill("ubuntu"), "debian"),
      osVersion: of(...points, ...points, "24.04.4"),
      kernel: of(
        "6.8.0-40-generic",
        "6.8.0-60-generic",
        "6.14.0-29-generic",
        "5.15.0-135-generic",
        "6.8.0-60-generic",
        "6.14.0-29-generic",
        "6.8.0-60-azure",
      ),
      secureBoot: of(
        "off" as const,
        "off" as const,
        "off" as const,
        "enforcing" as const,
        "key enrolled" as const,
      ),
      virtualisation: of("none" as const, "sr-iov" as const),
      python: of(null, "3.11.4", "3.12.3"),
    }),
    driverState,
    gpuState,
  )
  .map(([rest, driver, gpu]) => ({ ...rest, ...driver, ...gpu }));

/** The same node of which less is known. */
export const withLess = (node: NodeFacts): fc.Arbitrary<NodeFacts> =>
  fc
    .subarray(Object.keys(node) as (keyof NodeFacts)[])
    .map((kept) => Object.fromEntries(kept.map((key) => [key, node[key]])));

export const anyNode: fc.Arbitrary<NodeFacts> = fullNode.chain(withLess);

const pin = (...values: string[]) => fc.option(of(...values), { nil: undefined, freq: 2 });

export const request: fc.Arbitrary<SoftwareRequest> = fc.record({
  driver: pin(...driverReleases, "30.10", "31.0.0"),
  rocm: pin(...rocmReleases, "7.1", "9.9.9"),
  pytorch: pin("2.10.0+rocm7.1", "2.9.0+rocm6.4", "2.10.0", "+rocm7.0", "2.11.0+rocm7.1"),
  python: pin("3.11", "3.12", "3.13", "3.9"),
});

export const scope: fc.Arbitrary<Scope> = of("host", "wheel");
