import { expect, test } from "vitest";
import type { Installation } from "../../../components/compatibility/installation.ts";
import type { NodeFacts, SoftwareRequest } from "../../../components/compatibility/request.ts";
import { type SolveOptions, solve } from "../../../components/compatibility/solve.ts";
import { sources } from "../../../components/compatibility/sources.ts";
import { jammy5, mi300x, noble2, noble4 } from "./nodes.ts";

const with711 = { driver: "30.20.1", rocm: "7.1.1", pytorch: "2.10.0+rocm7.1" };

function install(
  request: SoftwareRequest,
  node: Partial<NodeFacts> = {},
  options: SolveOptions = {},
): Installation {
  const solution = solve(request, { ...mi300x, ...node }, options);
  if (solution.kind !== "solved") throw new Error(JSON.stringify(solution, null, 1));
  return solution.installation;
}

const packages = (installation: Installation) =>
  installation.packages.map(({ value }) => `${value.name}=${value.version}`);
const urls = (installation: Installation) =>
  installation.repositories.map(({ value }) => `${value.url} ${value.suite}`);

test("a driver's package is exact; ROCm's packages are those of one release on one Ubuntu", () => {
  expect(packages(install(with711))).toEqual([
    "amdgpu-dkms=1:6.16.6.30200100-2255209.24.04",
    "rocminfo=*.70101-*~24.04",
    "amd-smi-lib=*.70101-*~24.04",
  ]);
});

test("packages that the stack asks for come once each, after those of verification", () => {
  expect(packages(install(with711, {}, { packages: ["rccl", "rocminfo"] })).slice(1)).toEqual([
    "rocminfo=*.70101-*~24.04",
    "amd-smi-lib=*.70101-*~24.04",
    "rccl=*.70101-*~24.04",
  ]);
});

test("22.04 has packages, repositories and a suite of its own", () => {
  const installation = install(with711, jammy5);
  expect(packages(installation)[0]).toBe("amdgpu-dkms=1:6.16.6.30200100-2255209.22.04");
  expect(urls(installation)).toEqual([
    "https://repo.radeon.com/amdgpu/30.20.1/ubuntu jammy",
    "https://repo.radeon.com/rocm/apt/7.1.1 jammy",
    "https://repo.radeon.com/graphics/7.1.1/ubuntu jammy",
  ]);
});

test("a release .0 lies in a directory without its patch", () => {
  const installation = install({ driver: "30.20.0", rocm: "7.1.0", pytorch: "2.10.0+rocm7.1" });
  expect(urls(installation)).toEqual([
    "https://repo.radeon.com/amdgpu/30.20/ubuntu noble",
    "https://repo.radeon.com/rocm/apt/7.1 noble",
    "https://repo.radeon.com/graphics/7.1/ubuntu noble",
  ]);
});

test("ROCm 6 has no repository of graphics, and a driver numbered as it is", () => {
  const installation = install({ driver: "6.4.3", rocm: "6.4.3", pytorch: "2.9.1+rocm6.4" }, noble2);
  expect(urls(installation)).toEqual([
    "https://repo.radeon.com/amdgpu/6.4.3/ubuntu noble",
    "https://repo.radeon.com/rocm/apt/6.4.3 noble",
  ]);
  expect(packages(installation)[0]).toBe("amdgpu-dkms=1:6.12.12.60403-2194681.24.04");
});

test("a build that two sources name differently is left open", () => {
  const installation = install({ driver: "6.4.0", rocm: "6.4.0", pytorch: "2.8.0+rocm6.4" }, noble2);
  expect(packages(installation)[0]).toBe("amdgpu-dkms=1:6.12.12.60400-*.24.04");
});

test("in scope wheel only the driver comes by apt", () => {
  const installation = install({ pytorch: "2.10.0+rocm7.1" }, noble4, { scope: "wheel" });
  expect(packages(installation)).toEqual(["amdgpu-dkms=1:6.16.6.30200100-2255209.24.04"]);
  expect(urls(installation)).toEqual(["https://repo.radeon.com/amdgpu/30.20.1/ubuntu noble"]);
  expect(installation.hip.value).toBeNull();
});

test("torch's HIP is that of the wheel, of which only the minor version is sure, not that of the host", () => {
  const installation = install({ driver: "30.30.4", rocm: "7.2.4", pytorch: "2.11.0+rocm7.2" }, noble4);
  expect(installation.hip.value).toBe("7.2.53211");
  expect(installation.wheel.hip.value).toBe("7.2.");
});

test("DKMS needs headers and extra modules of exactly the running kernel", () => {
  expect(install(with711).kernelPackages.value).toEqual([
    "linux-headers-6.8.0-60-generic",
    "linux-modules-extra-6.8.0-60-generic",
  ]);
});

test.each([
  ["install", { amdgpuDriver: null }],
  [
    "replace",
    { gpus: ["gfx942"], amdgpuDriver: "6.14.14", amdgpuPackage: "1:6.14.14.30100200-2226257.24.04" },
  ],
  ["keep", { gpus: ["gfx942"], amdgpuDriver: "6.16.6", amdgpuPackage: "1:6.16.6.30200100-2255209.24.04" }],
] as const)("%s is what the driver needs when %j is what the node has", (driver, node) => {
  expect(install(with711, node).driver).toBe(driver);
});

test("every value names its row and a source that exists", () => {
  const { signingKey, repositories, pin, packages, moduleVersion, hip, kernelPackages, wheel } =
    install(with711);
  const traced = [
    signingKey,
    ...repositories,
    pin,
    ...packages,
    moduleVersion,
    hip,
    kernelPackages,
    ...Object.values(wheel),
  ];
  for (const { row, source } of traced) {
    expect(row).not.toBe("");
    expect(sources).toHaveProperty(source);
  }
});
