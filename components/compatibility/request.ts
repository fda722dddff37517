import type { SourceKey } from "./sources.ts";

/** What a stack pins of its software; what it leaves out the solver chooses. */
export interface SoftwareRequest {
  /** Release of the amdgpu driver, "30.20.1"; "30.10" means 30.10.0. */
  driver?: string | undefined;
  /** ROCm release, "7.1.1"; "7.1" means 7.1.0. */
  rocm?: string | undefined;
  /** PyTorch as pip writes it, "2.10.0+rocm7.1"; "2.10.0" and "+rocm7.1" leave the other part open. */
  pytorch?: string | undefined;
  /** Python's minor version, "3.12". */
  python?: string | undefined;
}

/** The parts of a set, and the keys of {@link SoftwareRequest}. */
export const axes = ["rocm", "pytorch", "driver", "python"] as const;
export type Axis = (typeof axes)[number];

/** One version for each part: releases with three parts, PyTorch with its local version, Python's minor. */
export type SoftwareSet = Record<Axis, string>;

/**
 * What a set is for. host: ROCm's packages are installed on the node. wheel: none are, and the set's ROCm is the one
 * that the PyTorch wheel brings along, so what AMD says of packages and distributions does not apply.
 */
export type Scope = "host" | "wheel";

/**
 * What a node is, as its facts say; a field that is left out is not known, which is never taken for fine.
 *
 * A node's `Facts` fit: `os`, `osVersion`, `kernel`, `gpus`, `amdgpuDriver` and `python` are named as there.
 */
export interface NodeFacts {
  /** ID of /etc/os-release, "ubuntu". */
  os?: string | undefined;
  /** "24.04", or "24.04.3" where the point release is known. */
  osVersion?: string | undefined;
  /** `uname -r`, "6.8.0-60-generic". */
  kernel?: string | undefined;
  /** GPU targets, "gfx942", one a GPU; empty where no driver is loaded that could list them. */
  gpus?: readonly string[] | undefined;
  /** The GPUs' name, "AMD Instinct MI300X"; stands in for the targets where no driver lists them. */
  gpuModel?: string | undefined;
  /** enforcing loads signed modules only; key enrolled means that DKMS signs with a key that the firmware knows. */
  secureBoot?: "off" | "enforcing" | "key enrolled" | undefined;
  /** /sys/module/amdgpu/version of the loaded DKMS driver; null where none is loaded. */
  amdgpuDriver?: string | null | undefined;
  /**
   * Version of the installed package amdgpu-dkms, "1:6.16.13.30300400-2341068.24.04"; null where there is none. Several
   * releases share a module version: without this a loaded 6.16.13 may be any driver from 30.30.0 to 30.30.4.
   */
  amdgpuPackage?: string | null | undefined;
  /** How the node has its GPUs; bare metal is none. */
  virtualisation?: "none" | "passthrough" | "sr-iov" | undefined;
  /** Version of the node's own python3, taken for a set where it fits. */
  python?: string | null | undefined;
}

export const ruleNames = [
  "form",
  "listed",
  "packages",
  "operating system",
  "kernel",
  "kernel flavour",
  "driver on the kernel",
  "secure boot",
  "driver module",
  "driver and GPU",
  "driver and ROCm",
  "ROCm and GPU",
  "ROCm and GPU on the kernel",
  "wheel",
  "wheel and ROCm",
  "wheel and GPU",
  "wheel and Python",
] as const;
export type RuleName = (typeof ruleNames)[number];

/** What one rule says of one set on one node. */
export interface Finding {
  rule: RuleName;
  verdict: "holds" | "broken" | "unknown";
  /** What it turns on: pins such as "rocmark:software.rocm", or facts such as "node.kernel". */
  keys: readonly string[];
  wanted: string;
  found: string;
  /** Rows' sources; for an unknown the documents that were read and do not cover it. */
  sources: readonly SourceKey[];
  /** The next move, one sentence. */
  next: string;
  /** The node has not said what the rule needs: no other version could settle it. */
  missingFact: boolean;
}

/** A pin that the nearest set has otherwise. */
export interface PinChange {
  key: string;
  from: string;
  to: string;
}

/** The set nearest to a request that works on the node. */
export interface Nearest {
  /** The request with its pins changed. */
  request: SoftwareRequest;
  changes: readonly PinChange[];
  set: SoftwareSet;
}

/** The stack's key of a pin, as its user types it. */
export const pinKey = (axis: Axis): string => `rocmark:software.${axis}`;
