import type { SourceKey } from "./sources.ts";

/** One ROCm release and what AMD supports it on. Its Ubuntu releases bring their kernels, see kernels.ts. */
export interface RocmRow {
  release: string;
  /** Ubuntu releases with their point, as AMD lists them. */
  ubuntu: readonly string[];
  /** GPU targets with prebuilt libraries; what is not listed AMD does not support. */
  targets: readonly string[];
  /** HIP's version, the front of `torch.version.hip`; null where no source says. */
  hip: string | null;
  /** PyTorch versions that AMD names beside the release; wheel indexes carry others, so this forbids nothing. */
  pytorch: readonly string[];
  source: SourceKey;
}

const instinct = ["gfx942", "gfx90a", "gfx908"] as const;
const radeon = ["gfx1100", "gfx1030"] as const;
const radeon641 = ["gfx1201", "gfx1200", "gfx1101", ...radeon] as const;
const targets6 = [...instinct, ...radeon] as const;
const targets641 = [...instinct, ...radeon641] as const;
const targets7 = ["gfx950", ...instinct, ...radeon641] as const;

const jammy = "22.04.5";
const torch62 = ["2.3", "2.2", "2.1", "2.0", "1.13"] as const;
const torch63 = ["2.4", "2.3", "2.2", "1.13"] as const;
const torch64 = ["2.6", "2.5", "2.4", "2.3"] as const;
const torch72 = ["2.9.1", "2.8.0", "2.7.1"] as const;
const torch71 = ["2.8", "2.7", "2.6"] as const;

/** Newest first. A release that is missing here is unknown, not unsupported: 6.3.4, 6.4.3, 6.4.4, 7.2.0, 7.14, 10.0. */
export const rocm = [
  row("7.2.4", ["24.04.4", jammy], targets7, "7.2.53211", torch72, "matrix724"),
  row("7.2.3", ["24.04.4", jammy], targets7, "7.2.53211", torch72, "matrix724"),
  row("7.2.2", ["24.04.4", jammy], targets7, "7.2.53211", torch72, "matrix724"),
  row("7.2.1", ["24.04.4", jammy], targets7, "7.2.53211", torch72, "matrix724"),
  row("7.1.1", ["24.04.3", jammy], targets7, "7.1.52802", ["2.9", "2.8", "2.7"], "matrix711"),
  row("7.1.0", ["24.04.3", jammy], targets7, "7.1.25424", torch71, "matrix711"),
  row("7.0.2", ["24.04.3", jammy], targets7, "7.0.51831", torch71, "matrix710"),
  row("7.0.1", ["24.04.3", jammy], targets7, null, [], "requirements70"),
  row("7.0.0", ["24.04.3", jammy], targets7, null, [], "requirements70"),
  row("6.4.2", ["24.04.2", jammy], targets641, "6.4.43483", torch64, "matrix6"),
  row("6.4.1", ["24.04.2", jammy], targets641, "6.4.43483", torch64, "matrix6"),
  row("6.4.0", ["24.04.2", jammy], targets6, "6.4.43482", torch64, "matrix6"),
  row("6.3.3", ["24.04.2", jammy], targets6, "6.3.42134", torch63, "matrix6"),
  row("6.3.2", ["24.04.2", jammy], targets6, "6.3.42134", torch63, "matrix6"),
  row("6.3.1", ["24.04.2", jammy], targets6, "6.3.42133", torch63, "matrix6"),
  row(
    "6.3.0",
    ["24.04.2", jammy],
    targets6,
    "6.3.42131",
    ["2.4", "2.3", "2.2", "2.1", "2.0", "1.13"],
    "matrix6",
  ),
  row("6.2.4", ["24.04.1", "24.04", jammy, "22.04.4"], targets6, "6.2.41134", torch62, "matrix6"),
  row("6.2.2", ["24.04.1", "24.04", jammy, "22.04.4"], targets6, "6.2.41134", torch62, "matrix6"),
  row("6.2.1", ["24.04.1", "24.04", jammy, "22.04.4"], targets6, "6.2.41134", torch62, "matrix6"),
  row("6.2.0", ["24.04", jammy, "22.04.4"], targets6, "6.2.41133", torch62, "matrix6"),
] as const satisfies readonly RocmRow[];

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

/** "MI300X is supported on listed operating systems except Ubuntu 22.04.5 [6.8 HWE] and 22.04.4 [6.5 HWE]". */
export const rocmExceptions = [
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
  pytorch: readonly string[],
  source: SourceKey,
): RocmRow {
  return { release, ubuntu, targets, hip, pytorch, source };
}
