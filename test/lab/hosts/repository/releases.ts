/**
 * Version strings of AMD's packages, as they are on repo.radeon.com: the part before Ubuntu's suffix.
 *
 * Sources: `dpkg -l` and apt output in users' reports on ROCm/ROCm, ROCm/legacy-rocm-build and others (amdgpu-dkms
 * 1:6.16.13.30300400-2341068.24.04 in legacy-rocm-build#6193, rocm 7.1.1.70101-38~24.04, amd-smi-lib
 * 25.5.1.60402-120~24.04). These packages hold nothing of AMD's: only names, versions and what they depend on.
 */
export interface DriverRelease {
  /** Version of the kernel module, what /sys/module/amdgpu/version says. */
  module: string;
  /** Packed release and build: `30200100-2255209`. */
  build: string;
}

/** By the directory under /amdgpu; a release .0 has no third part. */
export const driverReleases: Readonly<Record<string, DriverRelease>> = {
  "6.4.1": { module: "6.12.12", build: "60401-2164967" },
  "6.4.2": { module: "6.12.12", build: "60402-2187269" },
  "30.10": { module: "6.14.14", build: "30100000-2204008" },
  "30.10.1": { module: "6.14.14", build: "30100100-2212064" },
  "30.10.2": { module: "6.14.14", build: "30100200-2226257" },
  "30.20.1": { module: "6.16.6", build: "30200100-2255209" },
  "30.30.3": { module: "6.16.13", build: "30300300-2327507" },
  "30.30.4": { module: "6.16.13", build: "30300400-2341068" },
};

export interface RocmRelease {
  /** Packed release and build: `70101-38`. */
  build: string;
  hip: string;
  rccl: string;
  amdSmi: string;
  /** Directory of the driver that was released with it. */
  driver: string;
}

/** By the directory under /rocm/apt; a release .0 has no third part. */
export const rocmReleases: Readonly<Record<string, RocmRelease>> = {
  "6.4.1": { build: "60401-83", hip: "6.4.43483", rccl: "2.22.3", amdSmi: "25.4.2", driver: "6.4.1" },
  "6.4.2": { build: "60402-120", hip: "6.4.43484", rccl: "2.22.3", amdSmi: "25.5.1", driver: "6.4.2" },
  "7.0.1": { build: "70001-42", hip: "7.0.51831", rccl: "2.26.6", amdSmi: "26.0.0", driver: "30.10.1" },
  "7.1": { build: "70100-20", hip: "7.1.25424", rccl: "2.27.7", amdSmi: "26.1.0", driver: "30.20.1" },
  "7.1.1": { build: "70101-38", hip: "7.1.52802", rccl: "2.27.7", amdSmi: "26.2.0", driver: "30.20.1" },
  "7.2.4": { build: "70204-93", hip: "7.2.53211", rccl: "2.27.7", amdSmi: "26.2.2", driver: "30.30.4" },
};

/** Three parts always: 7.1 is 7.1.0. */
export const toFullVersion = (release: string): string =>
  release.split(".").length === 2 ? `${release}.0` : release;

/** Wheels by index: the versions of torch that https://download.pytorch.org/whl/<index> carries, and their HIP. */
export const torchWheels: Readonly<Record<string, { versions: readonly string[]; hip: string }>> = {
  "rocm6.3": { versions: ["2.7.1"], hip: "6.3.42134" },
  "rocm6.4": { versions: ["2.8.0", "2.9.1"], hip: "6.4.43482" },
  "rocm7.0": { versions: ["2.10.0"], hip: "7.0.51831" },
  "rocm7.1": { versions: ["2.10.0"], hip: "7.1.25424" },
  "rocm7.2": { versions: ["2.11.0"], hip: "7.2.26015" },
};
