import type { SourceKey } from "./sources.ts";

/** One PyTorch minor release: the Python and the ROCm that its binaries are built for. */
export interface TorchRow {
  minor: string;
  /** First and last Python minor with a wheel. */
  python: readonly [string, string];
  /** A newer Python that PyTorch calls experimental; null when it names none. */
  experimental: string | null;
  /** The newest ROCm that PyTorch's own wheels of this release are built with. */
  rocm: string;
  source: SourceKey;
}

export const torchReleases = [
  { minor: "2.14", python: ["3.10", "3.14"], experimental: "3.15", rocm: "7.14", source: "torchReleases" },
  { minor: "2.13", python: ["3.10", "3.14"], experimental: "3.15", rocm: "7.2", source: "torchReleases" },
  { minor: "2.12", python: ["3.10", "3.13"], experimental: "3.14", rocm: "7.2", source: "torchReleases" },
  { minor: "2.11", python: ["3.10", "3.13"], experimental: "3.14", rocm: "7.2", source: "torchReleases" },
  { minor: "2.10", python: ["3.10", "3.13"], experimental: "3.14", rocm: "7.1", source: "torchReleases" },
  { minor: "2.9", python: ["3.10", "3.13"], experimental: "3.14", rocm: "6.4", source: "torchReleases" },
  { minor: "2.8", python: ["3.9", "3.13"], experimental: null, rocm: "6.4", source: "torchReleases" },
  { minor: "2.7", python: ["3.9", "3.13"], experimental: null, rocm: "6.3", source: "torchReleases" },
  { minor: "2.6", python: ["3.9", "3.13"], experimental: null, rocm: "6.2.4", source: "torchReleases" },
  { minor: "2.5", python: ["3.9", "3.12"], experimental: "3.13", rocm: "6.2", source: "torchReleases" },
  { minor: "2.4", python: ["3.8", "3.12"], experimental: null, rocm: "6.1", source: "torchReleases" },
] as const satisfies readonly TorchRow[];

/** One wheel on https://download.pytorch.org/whl/rocm<suffix>. */
export interface WheelRow {
  torch: string;
  /** The index's suffix, also that of the version, "7.1" of 2.10.0+rocm7.1. */
  rocm: string;
  /** documented by PyTorch; reported: others name it, PyTorch's release table does not, so it counts as unknown. */
  standing: "documented" | "reported";
  source: SourceKey;
}

export const wheels = [
  { torch: "2.14.0", rocm: "7.14", standing: "documented", source: "torchReleases" },
  { torch: "2.13.0", rocm: "7.2", standing: "documented", source: "torchReleases" },
  { torch: "2.12.1", rocm: "7.2", standing: "documented", source: "torchReleases" },
  { torch: "2.12.0", rocm: "7.2", standing: "documented", source: "torchReleases" },
  { torch: "2.11.0", rocm: "7.2", standing: "documented", source: "torchReleases" },
  { torch: "2.10.0", rocm: "7.1", standing: "documented", source: "torchPrevious" },
  { torch: "2.10.0", rocm: "7.0", standing: "reported", source: "fbgemm" },
  { torch: "2.9.1", rocm: "6.4", standing: "documented", source: "torchPrevious" },
  { torch: "2.9.1", rocm: "6.3", standing: "reported", source: "unsloth7354" },
  { torch: "2.9.0", rocm: "6.4", standing: "documented", source: "torchPrevious" },
  { torch: "2.9.0", rocm: "6.3", standing: "reported", source: "fbgemm" },
  { torch: "2.8.0", rocm: "6.4", standing: "documented", source: "torchPrevious" },
  { torch: "2.7.1", rocm: "6.3", standing: "documented", source: "torchReleases" },
  { torch: "2.7.0", rocm: "6.3", standing: "documented", source: "torchReleases" },
  { torch: "2.6.0", rocm: "6.2.4", standing: "documented", source: "torchPrevious" },
  { torch: "2.6.0", rocm: "6.1", standing: "documented", source: "torchPrevious" },
  { torch: "2.5.1", rocm: "6.2", standing: "documented", source: "torchPrevious" },
  { torch: "2.5.1", rocm: "6.1", standing: "documented", source: "torchPrevious" },
  { torch: "2.5.0", rocm: "6.2", standing: "documented", source: "torchPrevious25" },
  { torch: "2.5.0", rocm: "6.1", standing: "documented", source: "torchPrevious25" },
  { torch: "2.4.1", rocm: "6.1", standing: "documented", source: "torchReleases" },
  { torch: "2.4.0", rocm: "6.1", standing: "documented", source: "torchReleases" },
] as const satisfies readonly WheelRow[];

/** The oldest PyTorch that an index carries, where a source says so. */
export interface IndexRow {
  rocm: string;
  oldest: string;
  source: SourceKey;
}

export const wheelIndexes = [
  { rocm: "7.2", oldest: "2.11.0", source: "wave1185" },
] as const satisfies readonly IndexRow[];

/** GPU targets that the wheels of a ROCm major version hold code for. */
export interface WheelTargetRow {
  major: string;
  targets: readonly string[];
  source: SourceKey;
}

/** gfx900 and gfx906 are in the wheels' list too, but a ROCm 7 that does not support them brings no libraries for them. */
export const wheelTargets = [
  {
    major: "7",
    targets: ["gfx908", "gfx90a", "gfx942", "gfx950", "gfx1030", "gfx1100", "gfx1101", "gfx1200", "gfx1201"],
    source: "torchTargets7",
  },
  { major: "6", targets: ["gfx908", "gfx90a", "gfx942", "gfx1030", "gfx1100"], source: "torchTargets6" },
] as const satisfies readonly WheelTargetRow[];

/** The ROCm minor from which on wheels have code for a target at all. */
export interface FirstWheelRow {
  target: string;
  rocm: string;
  source: SourceKey;
}

export const firstWheels = [
  { target: "gfx950", rocm: "7.0", source: "torchGfx950" },
] as const satisfies readonly FirstWheelRow[];
