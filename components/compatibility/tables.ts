import { type DriverRow, drivers, driverWindows, type WindowRow } from "./drivers.ts";
import {
  type DriverExceptionRow,
  driverExceptions,
  type FirstDriverRow,
  firstDrivers,
  type GpuRow,
  gpus,
} from "./gpus.ts";
import {
  type BuildRow,
  type DriverUbuntuRow,
  driverUbuntu,
  type KernelRow,
  reportedBuilds,
  ubuntuKernels,
} from "./kernels.ts";
import {
  type FirstWheelRow,
  firstWheels,
  type IndexRow,
  type TorchRow,
  torchReleases,
  type WheelRow,
  type WheelTargetRow,
  wheelIndexes,
  wheels,
  wheelTargets,
} from "./pytorch.ts";
import {
  type ElsewhereRow,
  type RocmExceptionRow,
  type RocmRow,
  rocm,
  rocmElsewhere,
  rocmExceptions,
} from "./rocm.ts";

/** The version matrix: every table that the rules read. A new release is new rows; no rule knows a version. */
export interface Tables {
  drivers: readonly DriverRow[];
  driverWindows: readonly WindowRow[];
  driverExceptions: readonly DriverExceptionRow[];
  driverUbuntu: readonly DriverUbuntuRow[];
  reportedBuilds: readonly BuildRow[];
  rocm: readonly RocmRow[];
  rocmElsewhere: readonly ElsewhereRow[];
  rocmExceptions: readonly RocmExceptionRow[];
  ubuntuKernels: readonly KernelRow[];
  gpus: readonly GpuRow[];
  firstDrivers: readonly FirstDriverRow[];
  torchReleases: readonly TorchRow[];
  wheels: readonly WheelRow[];
  wheelIndexes: readonly IndexRow[];
  wheelTargets: readonly WheelTargetRow[];
  firstWheels: readonly FirstWheelRow[];
}

export const published: Tables = {
  drivers,
  driverWindows,
  driverExceptions,
  driverUbuntu,
  reportedBuilds,
  rocm,
  rocmElsewhere,
  rocmExceptions,
  ubuntuKernels,
  gpus,
  firstDrivers,
  torchReleases,
  wheels,
  wheelIndexes,
  wheelTargets,
  firstWheels,
};
