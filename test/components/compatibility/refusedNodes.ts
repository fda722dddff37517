import { gpu, jammy5, noble2, noble3, noble4, on } from "./nodes.ts";
import { by, driver, pytorch, rocm, wheel64, wheel71 } from "./refusal.ts";

const rocmAndGpu = by("ROCm and GPU", rocm, "node.gpus");
const driverAndGpu = by("driver and GPU", driver, "node.gpus");
const exception = by("ROCm and GPU on the kernel", rocm, "node.kernel", "node.gpuModel");
const system = by("operating system", rocm, "node.os");
const resolute = { osVersion: "26.04", ...on("7.0.0-22-generic") };
const debian = { os: "debian", osVersion: "12", ...on("6.1.0-43-amd64") };

/** Nodes that AMD's documents do not name for a release. */
export const refusedNodes = [
  by("wheel and GPU", pytorch, "node.gpus").broken(
    "MI355X with a wheel of ROCm 6.4",
    "torchGfx950",
    { pytorch: wheel64 },
    gpu("AMD Instinct MI355X"),
    { pytorch: wheel71 },
  ),
  rocmAndGpu.broken(
    "MI355X under ROCm 6.4.3",
    "matrix643",
    { rocm: "6.4.3" },
    { ...gpu("AMD Instinct MI355X"), ...jammy5 },
    { rocm: "7.1.0" },
  ),
  rocmAndGpu.broken(
    "MI50 under ROCm 7.2.4",
    "matrix724",
    { rocm: "7.2.4" },
    { ...noble4, ...gpu("AMD Instinct MI50") },
    null,
  ),
  rocmAndGpu.unknown(
    "a Ryzen AI Max, which AMD's tables for Linux do not name",
    "matrix711",
    { rocm: "7.1.1" },
    { gpus: ["gfx1151"] },
    null,
  ),
  rocmAndGpu.unknown(
    "a GPU whose name the matrix does not know",
    "matrix711",
    { rocm: "7.1.1" },
    gpu("AMD Instinct MI999"),
    null,
  ),
  driverAndGpu.broken(
    "MI350X under driver 6.4.3",
    "driver3010",
    { driver: "6.4.3", rocm: "7.1.1" },
    gpu("AMD Instinct MI350X"),
    { driver: "30.10.0" },
  ),
  driverAndGpu.broken(
    "MI325X, SR-IOV, under driver 30.20.0",
    "matrix711",
    { driver: "30.20.0", rocm: "7.1.0" },
    { ...gpu("AMD Instinct MI325X"), virtualisation: "sr-iov" },
    { driver: "30.20.1" },
  ),
  exception.broken(
    "MI300X under ROCm 6.2.4 on 22.04's 6.8 HWE",
    "matrix641",
    { rocm: "6.2.4" },
    { ...jammy5, ...on("6.8.0-41-generic") },
    { rocm: "6.3.0" },
  ),
  exception.broken(
    "RX 7700 XT under ROCm 6.4.3 on 22.04",
    "matrix643",
    { rocm: "6.4.3", pytorch: wheel64 },
    { ...jammy5, ...gpu("AMD Radeon RX 7700 XT") },
    { rocm: "7.1.0", pytorch: wheel71 },
  ),
  system.broken("ROCm 7.2.1 on 24.04.3, support of which it ended", "release721", { rocm: "7.2.1" }, noble3, {
    rocm: "7.2.0",
  }),
  system.unknown("ROCm 7.1.1 on 24.04.4, which came after it", "matrix711", { rocm: "7.1.1" }, noble4, {
    rocm: "7.2.1",
  }),
  system.broken("ROCm 7.1.1 on 24.04.2, which it no longer lists", "matrix711", { rocm: "7.1.1" }, noble2, {
    rocm: "6.4.3",
  }),
  system.broken("ROCm 7.2.4 on Ubuntu 26.04", "matrix724", { rocm: "7.2.4" }, resolute, null),
  system.unknown(
    "ROCm 7.1.1 on Debian 12, of which the matrix holds nothing",
    "matrix711",
    { rocm: "7.1.1" },
    debian,
    null,
  ),
  by("driver on the kernel", driver, "node.kernel").unknown(
    "driver 30.20.1 on Debian 12",
    "driverHistory",
    { driver: "30.20.1", pytorch: wheel71 },
    debian,
    null,
  ),
  by("kernel", rocm, "node.kernel").broken(
    "ROCm 7.1.1 on 24.04.3 with the kernel of 24.04.2",
    "requirements70",
    { rocm: "7.1.1" },
    on("6.11.0-26-generic"),
    null,
  ),
];
