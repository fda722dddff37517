import type { SourceKey } from "./sources.ts";

/** One release of the amdgpu DKMS driver. */
export interface DriverRow {
  release: string;
  /** The ROCm release that it came out with; null where no source pairs them. */
  shippedWith: string | null;
  /** What /sys/module/amdgpu/version says after the install: not the release's number. Null where no source says. */
  module: string | null;
  /** AMD's build number of the package, for an exact version; null takes whatever build the release's repository has. */
  build: number | null;
  source: SourceKey;
  /** Where module and build were read. */
  moduleSource: SourceKey;
}

/** Drivers that AMD's documents name. Up to 6.4 a driver bears its ROCm's number, from 30.10 on its own. */
export const drivers = [
  driver("30.30.4", "7.2.4", "6.16.13", 2341068, "issue6193", "issue6193"),
  driver("30.30.3", "7.2.3", null, null, "driver30303", "driver30303"),
  driver("30.30.2", null, null, null, "driverHistory", "driverHistory"),
  driver("30.30.1", null, null, null, "driverHistory", "driverHistory"),
  driver("30.30.0", null, "6.16.13", 2278356, "driverHistory", "issue209"),
  driver("30.20.1", "7.1.1", "6.16.6", 2255209, "driverHistory", "issue5624"),
  driver("30.20.0", "7.1.0", "6.16.6", null, "matrix710", "driverPool"),
  driver("30.10.2", "7.0.2", "6.14.14", null, "matrix710", "driverPostInstall"),
  driver("30.10.1", "7.0.1", "6.14.14", null, "driver3010", "driverPostInstall"),
  driver("30.10.0", "7.0.0", "6.14.14", null, "driver3010", "driverPostInstall"),
  driver("6.4.3", "6.4.3", "6.12.12", null, "driver643", "driverPool"),
  driver("6.4.2", "6.4.2", "6.12.12", null, "matrix6", "driverPool"),
  driver("6.4.1", "6.4.1", "6.12.12", 2164967, "matrix6", "issue192"),
  driver("6.4.0", "6.4.0", "6.12.12", null, "matrix6", "driverPool"),
  driver("6.3.3", "6.3.3", "6.10.5", null, "matrix6", "driverPool"),
  driver("6.3.2", "6.3.2", "6.10.5", null, "matrix6", "driverPool"),
  driver("6.3.1", "6.3.1", "6.10.5", null, "matrix6", "driverPool"),
  driver("6.3.0", "6.3.0", "6.10.5", null, "matrix6", "driverPool"),
  driver("6.2.4", "6.2.4", null, null, "matrix6", "matrix6"),
  driver("6.2.2", "6.2.2", "6.8.5", 2041575, "matrix6", "issue3870"),
  driver("6.2.1", "6.2.1", null, null, "matrix6", "matrix6"),
  driver("6.2.0", "6.2.0", "6.8.5", 2009582, "matrix6", "issue293"),
] as const satisfies readonly DriverRow[];

/** One line of AMD's window: the ROCm minors whose user space a driver's minor serves. */
export interface WindowRow {
  driver: string;
  rocm: readonly string[];
  source: SourceKey;
}

/** Since ROCm 6.4.0 up to a year apart, before that two releases to each side; AMD writes the result out as this table. */
export const driverWindows = [
  { driver: "30.30", rocm: ["6.3", "6.4", "7.0", "7.1", "7.2"], source: "driverWindow" },
  { driver: "30.20", rocm: ["6.3", "6.4", "7.0", "7.1", "7.2"], source: "driverWindow" },
  { driver: "30.10", rocm: ["6.2", "6.3", "6.4", "7.0", "7.1", "7.2"], source: "driverWindow" },
  { driver: "6.4", rocm: ["6.1", "6.2", "6.3", "6.4", "7.0", "7.1", "7.2"], source: "driverWindow" },
  { driver: "6.3", rocm: ["6.1", "6.2", "6.3", "6.4", "7.0"], source: "driverWindow" },
  { driver: "6.2", rocm: ["6.0", "6.1", "6.2", "6.3", "6.4", "7.0"], source: "driverWindow" },
  { driver: "6.1", rocm: ["5.7", "6.0", "6.1", "6.2", "6.3", "6.4"], source: "driverWindow" },
  { driver: "6.0", rocm: ["5.6", "5.7", "6.0", "6.1", "6.2"], source: "driverWindow" },
] as const satisfies readonly WindowRow[];

function driver(
  release: string,
  shippedWith: string | null,
  module: string | null,
  build: number | null,
  source: SourceKey,
  moduleSource: SourceKey,
): DriverRow {
  return { release, shippedWith, module, build, source, moduleSource };
}
