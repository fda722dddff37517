import type { SourceKey } from "./sources.ts";

/** One ROCm release and what AMD supports it on. Its Ubuntu releases bring their kernels, see kernels.ts. */
export interface RocmRow {
  release: string;
  /** Ubuntu releases with their point, as AMD lists them. */
  ubuntu: readonly string[];
  /** GPU targets with prebuilt libraries; what is not listed AMD does not support. */
  targets: readonly string[];
  /** HIP's version on a host with the release's packages; a wheel brings its own. Null where no source says. */
  hip: string | null;
  source: SourceKey;
}

const instinct = ["gfx942", "gfx90a", "gfx908"] as const;
const radeon = ["gfx1100", "gfx1030"] as const;
const radeon641 = ["gfx1201", "gfx1200", "gfx1101", ...radeon] as const;
const targets6 = [...instinct, ...radeon] as const;
const targets641 = [...instinct, ...radeon641] as const;
const targets7 = ["gfx950", ...instinct, ...radeon641] as const;
const targets714 = [...targets7, "gfx1102"] as const;

const jammy = "22.04.5";
const noble = "24.04.4";
const resolute = "26.04";
const points62 = ["24.04.1", "24.04", jammy, "22.04.4"] as const;

/** Newest first. A release that is missing here is unknown, not unsupported: 6.3.4 and 6.4.4 are in no table that was read. */
export const rocm = [
  row("10.0.0", [resolute, noble, jammy], targets714, null, "matrix1000"),
  row("7.14.0", [resolute, noble, jammy], targets714, null, "matrix714"),
  row("7.2.4", [noble, jammy], targets7, "7.2.53211", "matrix724"),
  row("7.2.3", [noble, jammy], targets7, "7.2.53211", "matrix724"),
  row("7.2.2", [noble, jammy], targets7, "7.2.53211", "matrix724"),
  row("7.2.1", [noble, jammy], targets7, "7.2.53211", "release721"),
  row("7.2.0", ["24.04.3", jammy], targets7, null, "release720"),
  row("7.1.1", ["24.04.3", jammy], targets7, "7.1.52802", "matrix711"),
  row("7.1.0", ["24.04.3", jammy], targets7, "7.1.25424", "matrix711"),
  row("7.0.2", ["24.04.3", jammy], targets7, "7.0.51831", "matrix710"),
  row("7.0.1", ["24.04.3", jammy], targets7, null, "requirements70"),
  row("7.0.0", ["24.04.3", jammy], targets7, "7.0.51830", "matrix700"),
  row("6.4.3", ["24.04.2", jammy], targets641, "6.4.43484", "matrix643"),
  row("6.4.2", ["24.04.2", jammy], targets641, "6.4.43484", "matrix643"),
  row("6.4.1", ["24.04.2", jammy], targets641, "6.4.43483", "matrix6"),
  row("6.4.0", ["24.04.2", jammy], targets6, "6.4.43482", "matrix6"),
  row("6.3.3", ["24.04.2", jammy], targets6, "6.3.42134", "matrix6"),
  row("6.3.2", ["24.04.2", jammy], targets6, "6.3.42134", "matrix6"),
  row("6.3.1", ["24.04.2", jammy], targets6, "6.3.42133", "matrix6"),
  row("6.3.0", ["24.04.2", jammy], targets6, "6.3.42131", "matrix6"),
  row("6.2.4", points62, targets6, "6.2.41134", "matrix6"),
  row("6.2.2", points62, targets6, "6.2.41134", "matrix6"),
  row("6.2.1", points62, targets6, "6.2.41134", "matrix6"),
  row("6.2.0", ["24.04", jammy, "22.04.4"], targets6, "6.2.41133", "matrix6"),
] as const satisfies readonly RocmRow[];

/** A ROCm minor whose packages AMD publishes elsewhere than under repo.radeon.com/rocm/apt, by other names. */
export interface ElsewhereRow {
  rocm: string;
  where: string;
  source: SourceKey;
}

export const rocmElsewhere = [
  { rocm: "10.0", where: "https://repo.amd.com/rocm/packages-multi-arch/", source: "therockPackages" },
  { rocm: "7.14", where: "https://repo.amd.com/rocm/packages-multi-arch/", source: "therockPackages" },
] as const satisfies readonly ElsewhereRow[];

/** A GPU that a release does not support on a kernel, although it supports both. */
export interface RocmExceptionRow {
  /** The release's minor version. */
  rocm: string;
  model: string;
  /** The model's GPU target. */
  target: string;
  ubuntu: string;
  /** Kernel series that are excepted. */
  kernels: readonly string[];
  source: SourceKey;
}

export const rocmExceptions = [
  // Of the GPUs with gfx1101 this one is left out on 22.04.
  {
    rocm: "6.4",
    model: "RX 7700 XT",
    target: "gfx1101",
    ubuntu: "22.04",
    kernels: ["5.15", "6.8"],
    source: "matrix643",
  },
  // MI300X is left out on 22.04.5 with 6.8 HWE and on 22.04.4 with 6.5 HWE.
  {
    rocm: "6.2",
    model: "MI300X",
    target: "gfx942",
    ubuntu: "22.04",
    kernels: ["6.8", "6.5"],
    source: "matrix641",
  },
] as const satisfies readonly RocmExceptionRow[];

function row(
  release: string,
  ubuntu: readonly string[],
  targets: readonly string[],
  hip: string | null,
  source: SourceKey,
): RocmRow {
  return { release, ubuntu, targets, hip, source };
}
