import type { SourceKey } from "./sources.ts";

/** One release of the amdgpu DKMS driver. */
export interface DriverRow {
  release: string;
  /** The ROCm release that it came out with; null where no source pairs them. */
  shippedWith: string | null;
  /** What /sys/module/amdgpu/version says after the install: not the release's number. Null where no source says. */
  module: string | null;
  /** AMD's build number of the package, for an exact version; null where no source says, or two contradict each other. */
  build: number | null;
  source: SourceKey;
  /** Where module and build were read. */
  moduleSource: SourceKey;
}

/** Drivers that AMD's documents name. Up to 6.4 a driver bears its ROCm's number, from 30.10 on its own. */
export const drivers = [
  driver("31.40.1", null, "6.19.14", 2377056, "driver3140", "driver3140"),
  driver("31.40.0", "7.14.0", "6.19.14", 2364437, "driver3140", "driverPool"),
  driver("30.30.4", "7.2.4", "6.16.13", 2341068, "issue6193", "issue6193"),
  driver("30.30.3", "7.2.3", "6.16.13", 2327507, "driver30303", "driverPool"),
  driver("30.30.2", null, null, null, "driverHistory", "driverHistory"),
  driver("30.30.1", "7.2.1", "6.16.13", 2303411, "driver3030", "driverPool"),
  driver("30.30.0", "7.2.0", "6.16.13", 2278356, "release720", "issue209"),
  driver("30.20.1", "7.1.1", "6.16.6", 2255209, "driverHistory", "issue5624"),
  driver("30.20.0", "7.1.0", "6.16.6", 2238411, "matrix710", "driverPool"),
  driver("30.10.2", "7.0.2", "6.14.14", 2226257, "matrix710", "driverPostInstall"),
  driver("30.10.1", "7.0.1", "6.14.14", 2212064, "driver3010", "driverPool"),
  driver("30.10.0", "7.0.0", "6.14.14", 2204008, "driver3010", "driverPool"),
  driver("6.4.4", "6.4.4", "6.12.12", 2202139, "issue5624", "issue5624"),
  driver("6.4.3", "6.4.3", "6.12.12", 2194681, "driver643", "driverPool"),
  driver("6.4.2", "6.4.2", "6.12.12", 2187269, "matrix643", "driverPool"),
  driver("6.4.1", "6.4.1", "6.12.12", 2164967, "matrix6", "issue192"),
  driver("6.4.0", "6.4.0", "6.12.12", null, "matrix6", "driverPool"),
  driver("6.3.4", "6.3.4", "6.10.5", 2125197, "driverPool", "driverPool"),
  driver("6.3.3", "6.3.3", "6.10.5", 2119913, "matrix6", "driverPool"),
  driver("6.3.2", "6.3.2", "6.10.5", 2109964, "matrix6", "driverPool"),
  driver("6.3.1", "6.3.1", "6.10.5", 2095006, "matrix6", "driverPool"),
  driver("6.3.0", "6.3.0", "6.10.5", 2084815, "matrix6", "driverPool"),
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
  window("31.50", ["7.0", "7.1", "7.2", "7.14", "10.0"]),
  window("31.40", ["7.0", "7.1", "7.2", "7.14", "10.0"]),
  window("30.30", ["6.3", "6.4", "7.0", "7.1", "7.2", "7.14", "10.0"]),
  window("30.20", ["6.3", "6.4", "7.0", "7.1", "7.2", "7.14", "10.0"]),
  window("30.10", ["6.2", "6.3", "6.4", "7.0", "7.1", "7.2", "7.14", "10.0"]),
  window("6.4", ["6.1", "6.2", "6.3", "6.4", "7.0", "7.1", "7.2"]),
  window("6.3", ["6.1", "6.2", "6.3", "6.4", "7.0"]),
  window("6.2", ["6.0", "6.1", "6.2", "6.3", "6.4", "7.0"]),
  window("6.1", ["5.7", "6.0", "6.1", "6.2", "6.3", "6.4"]),
  window("6.0", ["5.6", "5.7", "6.0", "6.1", "6.2"]),
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

function window(driver: string, rocm: readonly string[]): WindowRow {
  return { driver, rocm, source: "driverWindow" };
}
