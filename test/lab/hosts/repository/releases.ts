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
  "6.4.3": { module: "6.12.12", build: "60403-2194681" },
  "30.10": { module: "6.14.14", build: "30100000-2204008" },
  "30.10.1": { module: "6.14.14", build: "30100100-2212064" },
  "30.10.2": { module: "6.14.14", build: "30100200-2226257" },
  "30.20": { module: "6.16.6", build: "30200000-2238411" },
  "30.20.1": { module: "6.16.6", build: "30200100-2255209" },
  "30.30": { module: "6.16.13", build: "30300000-2278356" },
  "30.30.1": { module: "6.16.13", build: "30300100-2303411" },
  "30.30.3": { module: "6.16.13", build: "30300300-2327507" },
  "30.30.4": { module: "6.16.13", build: "30300400-2341068" },
};

export interface RocmRelease {
  /** Packed release and build: `70101-38`. */
  build: string;
  hip: string;
  rccl: string;
  amdSmi: string;
  /** rocm-smi-lib. */
  rocmSmi: string;
  /** Build of the packages under /graphics, which exists from 7.0 on; where no report has it (to 7.1), the driver's. */
  graphics?: string;
}

/** By the directory under /rocm/apt; a release .0 has no third part. */
export const rocmReleases: Readonly<Record<string, RocmRelease>> = {
  "6.4.1": { build: "60401-83", hip: "6.4.43483", rccl: "2.22.3", amdSmi: "25.4.2", rocmSmi: "7.5.0" },
  "6.4.2": { build: "60402-120", hip: "6.4.43484", rccl: "2.22.3", amdSmi: "25.5.1", rocmSmi: "7.5.0" },
  "6.4.3": { build: "60403-128", hip: "6.4.43484", rccl: "2.22.3", amdSmi: "25.5.1", rocmSmi: "7.5.0" },
  "7.0.1": rocm7("70001-42", "7.0.51831", "2.26.6", "26.0.0", "2212064"),
  "7.0.2": rocm7("70002-56", "7.0.51831", "2.26.6", "26.0.2", "2226257"),
  "7.1": rocm7("70100-20", "7.1.25424", "2.27.7", "26.1.0", "2238411"),
  "7.1.1": rocm7("70101-38", "7.1.52802", "2.27.7", "26.2.0", "2255337"),
  "7.2": rocm7("70200-43", "7.2.26015", "2.27.7", "26.2.1", "2278374"),
  "7.2.1": rocm7("70201-81", "7.2.53211", "2.27.7", "26.2.2", "2303469"),
  "7.2.4": rocm7("70204-93", "7.2.53211", "2.27.7", "26.2.2", "2341098"),
};

/** Three parts always: 7.1 is 7.1.0. */
export const toFullVersion = (release: string): string =>
  release.split(".").length === 2 ? `${release}.0` : release;

/** The first two parts: 7.1 of 7.1.1. */
export const toMinorVersion = (release: string): string => release.split(".").slice(0, 2).join(".");

/** Wheels by index: the versions of torch that https://download.pytorch.org/whl/<index> carries, and their HIP. */
export const torchWheels: Readonly<Record<string, { versions: readonly string[]; hip: string }>> = {
  "rocm6.3": { versions: ["2.7.1"], hip: "6.3.42134" },
  "rocm6.4": { versions: ["2.8.0", "2.9.1"], hip: "6.4.43482" },
  "rocm7.0": { versions: ["2.10.0"], hip: "7.0.51831" },
  "rocm7.1": { versions: ["2.10.0"], hip: "7.1.25424" },
  "rocm7.2": { versions: ["2.11.0", "2.12.1"], hip: "7.2.26015" },
};

function rocm7(build: string, hip: string, rccl: string, amdSmi: string, graphics: string): RocmRelease {
  return { build, hip, rccl, amdSmi, rocmSmi: "7.8.0", graphics };
}
