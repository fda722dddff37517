import type { Facts } from "../../../components/node/facts.ts";
import type { Inspection } from "../../../components/node/found/inspection.ts";
import type { Plan } from "../../../components/node/plan.ts";
import { planNode } from "../../../components/node/preflight.ts";
import type { Environment, Pins } from "../../../components/node/software.ts";

/** A bare MI300X host as its facts script sees it: Ubuntu 24.04.3, no driver. */
export const bareFacts: Facts = {
  system: "Linux",
  kernel: "6.8.0-60-generic",
  architecture: "x86_64",
  os: "ubuntu",
  osVersion: "24.04",
  cores: 96,
  cpu: "AMD EPYC 9534",
  memoryGiB: 1511.4,
  python: "3.12.3",
  accelerator: "cpu",
  gpus: [],
  amdgpuDriver: null,
  pointRelease: "24.04.3",
  gpuModel: "AMD Instinct MI300X",
  secureBoot: "off",
  virtualisation: "none",
  amdgpuModule: "none",
  amdgpuPackage: null,
  deviceGroups: [],
  kfd: "absent",
};

/** The same host once the driver is loaded. */
export const readyFacts: Facts = {
  ...bareFacts,
  accelerator: "rocm",
  gpus: ["gfx942", "gfx942"],
  amdgpuDriver: "6.16.6",
  amdgpuModule: "dkms",
  amdgpuPackage: "1:6.16.6.30200100-2255209.24.04",
  deviceGroups: ["render", "video"],
  kfd: "open",
};

export const environment: Environment = {
  name: "default",
  packages: [{ name: "torch", version: "2.10.0+rocm7.1", marker: null, hashes: ["0"] }],
  digest: "a".repeat(64),
  isPinned: true,
  python: null,
  lock: "/work/lock.txt",
};

export const pins = (change: Partial<Pins> = {}): Pins => ({
  request: { driver: "30.20.1", rocm: "7.1.1", pytorch: "2.10.0+rocm7.1" },
  environments: [environment],
  allowUnknown: false,
  takeOverSources: false,
  reboot: { allowed: true, timeoutMinutes: 20 },
  kernelUpdates: "hold",
  removeOnDestroy: false,
  ...change,
});

export const plan = (change: Partial<Pins> = {}): Plan => planNode("a", pins(change), bareFacts, null);

/** What the inspection finds on a host that holds the pins. */
export const inspection: Inspection = {
  facts: readyFacts,
  driver: {
    module: "6.16.6",
    srcversion: "0123456789ABCDEF",
    dkms: [
      {
        name: "amdgpu",
        version: "6.16.6-2255209.24.04",
        kernel: "6.8.0-60-generic",
        state: "installed",
        remark: "",
      },
    ],
  },
  packages: {
    "amdgpu-dkms": "1:6.16.6.30200100-2255209.24.04",
    "amdgpu-dkms-firmware": "1:6.16.6.30200100-2255209.24.04",
    "rocm-core": "7.1.1.70101-38~24.04",
    rocminfo: "1.0.0.70101-38~24.04",
    "amd-smi-lib": "26.2.0.70101-38~24.04",
  },
  rocm: "7.1.1",
  amdSmi: {
    gpus: [0, 1].map((index) => ({
      index,
      name: "AMD Instinct MI300X",
      deviceId: "74a1",
      driver: "6.16.6",
      memoryMiB: 196_592,
    })),
    problem: null,
  },
  rocminfo: {
    gpus: ["gfx942", "gfx942"],
    isas: ["amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-"],
    problem: null,
  },
  environments: {
    default: {
      python: "3.12.3",
      packages: { torch: "2.10.0+rocm7.1" },
      torch: {
        version: "2.10.0+rocm7.1",
        hip: "7.1.25424-4179531dcd",
        cuda: null,
        device: "AMD Instinct MI300X",
      },
    },
  },
  fitness: { default: { checks: [{ device: "cuda:0", ok: true }], error: null } },
};
