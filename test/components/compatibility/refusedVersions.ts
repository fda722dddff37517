import { gpu, jammy5, noble2, noble4 } from "./nodes.ts";
import { by, driver, python, pytorch, rocm, wheel62, wheel64, wheel71, wheel72 } from "./refusal.ts";

const window = by("driver and ROCm", driver, rocm);
const wheel = by("wheel", pytorch);
const wheelAndPython = by("wheel and Python", pytorch, python);
const release = by("listed", rocm);
const packages = by("packages", rocm);

/** Versions that AMD's and PyTorch's documents do not put together, whatever the node is. */
export const refusedVersions = [
  window.broken(
    "driver 6.2.2 under ROCm 7.1.1",
    "driverWindow",
    { driver: "6.2.2", rocm: "7.1.1" },
    {},
    {
      driver: "6.4.0",
    },
  ),
  window.broken(
    "driver 6.3.3 under a wheel of ROCm 7.2",
    "driverWindow",
    { driver: "6.3.3", pytorch: wheel72 },
    {},
    { pytorch: wheel64 },
  ),
  window.broken(
    "driver 30.30.4 under ROCm 6.2.4",
    "driverWindow",
    { driver: "30.30.4", rocm: "6.2.4", pytorch: wheel62 },
    { ...gpu("AMD Instinct MI210"), ...jammy5 },
    { driver: "30.10.2" },
  ),
  window.broken(
    "driver 31.40.0 under ROCm 6.4.3",
    "driverWindow",
    { driver: "31.40.0", rocm: "6.4.3", pytorch: wheel64 },
    noble2,
    { driver: "30.30.4" },
  ),
  by("wheel and ROCm", pytorch, rocm).broken(
    "a wheel of ROCm 7.2 beside ROCm 7.1.1",
    "torchRocmInside",
    { rocm: "7.1.1", pytorch: wheel72 },
    {},
    { pytorch: wheel71 },
  ),
  wheel.broken(
    "torch 2.10.0 from the index of ROCm 7.2, where pip takes a CUDA build",
    "wave1185",
    { pytorch: "2.10.0+rocm7.2" },
    noble4,
    { pytorch: wheel72 },
  ),
  wheel.broken(
    "torch 2.9.1 for ROCm 7.0, newer than it was built for",
    "torchReleases",
    { pytorch: "2.9.1+rocm7.0" },
    {},
    { pytorch: wheel64 },
  ),
  wheel.unknown(
    "torch 2.10.0 for ROCm 7.0, of which only others speak",
    "fbgemm",
    { pytorch: "2.10.0+rocm7.0" },
    {},
    { pytorch: wheel71 },
  ),
  wheel.unknown(
    "torch 2.9.1 for ROCm 6.3, seen in one pull request",
    "unsloth7354",
    { pytorch: "2.9.1+rocm6.3" },
    {},
    { pytorch: wheel64 },
  ),
  wheel.unknown(
    "torch 2.7.1 for ROCm 6.2.4, which no document names",
    "torchReleases",
    { pytorch: "2.7.1+rocm6.2.4" },
    {},
    { pytorch: "2.7.1+rocm6.3" },
  ),
  wheelAndPython.broken(
    "Python 3.9 for torch 2.10",
    "torchReleases",
    { pytorch: wheel71, python: "3.9" },
    {},
    {
      python: "3.10",
    },
  ),
  wheelAndPython.unknown(
    "Python 3.14 for torch 2.11, experimental to PyTorch",
    "torchReleases",
    { pytorch: wheel72, python: "3.14" },
    noble4,
    { python: "3.13" },
  ),
  packages.broken(
    "ROCm 7.14.0, whose packages lie elsewhere by other names",
    "therockPackages",
    { rocm: "7.14.0" },
    noble4,
    { rocm: "7.2.4" },
  ),
  packages.broken("ROCm 10.0.0, likewise", "therockPackages", { rocm: "10.0.0" }, noble4, { rocm: "7.2.4" }),
  release.unknown(
    "ROCm 6.4.4, which is in no table that was read",
    "matrix6",
    { rocm: "6.4.4", pytorch: wheel64 },
    noble2,
    { rocm: "6.4.3" },
  ),
  by("listed", driver).unknown(
    "driver 30.10.3, which AMD's documents do not name",
    "driverHistory",
    { driver: "30.10.3", rocm: "7.1.1" },
    {},
    { driver: "30.20.0" },
  ),
  by("driver module", driver).unknown(
    "driver 30.30.2, whose module version no source names",
    "driverHistory",
    { driver: "30.30.2", rocm: "7.2.4" },
    noble4,
    { driver: "30.30.3" },
  ),
];
