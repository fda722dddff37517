import type { SourceKey } from "./sources.ts";

/** The kernels that AMD names for an Ubuntu release: GA first, then HWE. Both bear the flavour "generic". */
export interface KernelRow {
  ubuntu: string;
  /** Kernel series such as "6.8". */
  series: readonly string[];
  source: SourceKey;
}

export const ubuntuKernels = [
  { ubuntu: "26.04", series: ["7.0"], source: "matrix714" },
  { ubuntu: "24.04.4", series: ["6.8", "6.17"], source: "requirements724" },
  { ubuntu: "24.04.3", series: ["6.8", "6.14"], source: "requirements70" },
  { ubuntu: "24.04.2", series: ["6.8", "6.11"], source: "matrix641" },
  { ubuntu: "24.04.1", series: ["6.8"], source: "matrix630" },
  { ubuntu: "24.04", series: ["6.8"], source: "matrix630" },
  { ubuntu: "22.04.5", series: ["5.15", "6.8"], source: "matrix641" },
  { ubuntu: "22.04.4", series: ["5.15", "6.5"], source: "matrix630" },
] as const satisfies readonly KernelRow[];

/** Ubuntu releases that a driver is for: AMD's driver pages refer to the list of the ROCm release beside it. */
export interface DriverUbuntuRow {
  drivers: readonly string[];
  ubuntu: readonly string[];
  source: SourceKey;
}

/** No row for 31.40.x, of which only GA kernels are named, for 6.4.4 and for 6.3.4: unknown on every kernel. */
export const driverUbuntu = [
  {
    drivers: ["30.30.1", "30.30.2", "30.30.3", "30.30.4"],
    ubuntu: ["24.04.4", "22.04.5"],
    source: "matrix724",
  },
  { drivers: ["30.30.0"], ubuntu: ["24.04.3", "22.04.5"], source: "release720" },
  { drivers: ["30.20.0", "30.20.1"], ubuntu: ["24.04.3", "22.04.5"], source: "matrix711" },
  { drivers: ["30.10.0", "30.10.1", "30.10.2"], ubuntu: ["24.04.3", "22.04.5"], source: "requirements70" },
  { drivers: ["6.4.2", "6.4.3"], ubuntu: ["24.04.2", "22.04.5"], source: "matrix643" },
  { drivers: ["6.4.0", "6.4.1"], ubuntu: ["24.04.2", "22.04.5"], source: "matrix6" },
  { drivers: ["6.3.0", "6.3.1", "6.3.2", "6.3.3"], ubuntu: ["24.04.2", "22.04.5"], source: "matrix6" },
  {
    drivers: ["6.2.1", "6.2.2", "6.2.4"],
    ubuntu: ["24.04.1", "24.04", "22.04.5", "22.04.4"],
    source: "matrix6",
  },
  { drivers: ["6.2.0"], ubuntu: ["24.04", "22.04.5", "22.04.4"], source: "matrix6" },
] as const satisfies readonly DriverUbuntuRow[];

/** A build of the driver's module on a kernel that somebody reported. */
export interface BuildRow {
  drivers: readonly string[];
  series: readonly string[];
  /** The first build of the generic kernel that it holds for, 44 of 6.8.0-44; 0 for every kernel of the series. */
  fromBuild: number;
  outcome: "fails" | "builds";
  source: SourceKey;
}

export const reportedBuilds = [
  { drivers: ["30.30.1", "30.30.4"], series: ["7.0"], fromBuild: 0, outcome: "fails", source: "issue6193" },
  { drivers: ["30.30.0"], series: ["6.18"], fromBuild: 0, outcome: "fails", source: "issue5905" },
  { drivers: ["30.30.0"], series: ["6.19"], fromBuild: 0, outcome: "fails", source: "issue209" },
  { drivers: ["30.20.1"], series: ["6.17"], fromBuild: 0, outcome: "builds", source: "issue5624" },
  { drivers: ["30.10.2"], series: ["6.17"], fromBuild: 0, outcome: "fails", source: "issue5553" },
  { drivers: ["6.4.4"], series: ["6.17"], fromBuild: 0, outcome: "fails", source: "issue5624" },
  { drivers: ["6.4.2"], series: ["6.16"], fromBuild: 0, outcome: "fails", source: "issue5110" },
  { drivers: ["6.4.2"], series: ["6.15"], fromBuild: 0, outcome: "fails", source: "issue5109" },
  { drivers: ["6.4.1"], series: ["6.14"], fromBuild: 0, outcome: "fails", source: "issue192" },
  { drivers: ["6.4.0"], series: ["6.13", "6.14"], fromBuild: 0, outcome: "fails", source: "issue4619" },
  { drivers: ["6.2.2"], series: ["6.11"], fromBuild: 0, outcome: "fails", source: "issue3870" },
  { drivers: ["6.2.0"], series: ["6.8"], fromBuild: 44, outcome: "fails", source: "issue3701" },
] as const satisfies readonly BuildRow[];
