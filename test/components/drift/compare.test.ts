import { expect, test } from "vitest";
import { driftOf } from "../../../components/drift/compare.ts";
import { itemsOf } from "../../../components/drift/items.ts";
import { driftQuestionSchema } from "../../../components/drift/question.ts";
import type { Inspection } from "../../../components/node/found/inspection.ts";
import { toInstalled } from "../../../components/node/found/installed.ts";
import { fingerprint } from "../../../components/node/verification.ts";
import { inspection, readyFacts } from "../node/samples.ts";

const address = {
  name: "gpu-a",
  host: "192.0.2.7",
  port: 22,
  user: "ubuntu",
  hostKey: "ssh-ed25519 AAAA",
  privateKeyFile: "/home/me/.ssh/id",
  python: "/opt/rocmark/node/environments/a/bin/python",
  bundle: "/opt/rocmark/node/bundles/b",
};

/** A node as its stack's outputs have it after it was verified to be as inspected. */
function deployed(found: Inspection = inspection) {
  const own = fingerprint("gpu-a", found.facts, toInstalled(found, "default"));
  const [node] = driftQuestionSchema.parse({ nodes: [{ ...address, fingerprint: own }] }).nodes;
  if (node === undefined) throw new RangeError("One node goes in and comes out.");
  return node;
}

const drift = (change: Partial<Inspection>) => driftOf(deployed(), { ...inspection, ...change });

test("a node that is as it was verified has no drift", () => {
  expect(drift({})).toEqual([]);
});

test.each<[string, Partial<Inspection>, string[]]>([
  [
    "the kernel was upgraded",
    { facts: { ...readyFacts, kernel: "6.8.0-71-generic" } },
    [
      "kernel: wanted 6.8.0-60-generic, found 6.8.0-71-generic; run pulumi up again, which asks whether the pins fit this kernel",
    ],
  ],
  [
    "one of two GPUs is lost everywhere",
    {
      facts: { ...readyFacts, gpus: ["gfx942"] },
      amdSmi: { gpus: inspection.amdSmi?.gpus.slice(1) ?? [], problem: null },
      rocminfo: { gpus: ["gfx942"], isas: [], problem: null },
    },
    [
      "GPUs: wanted 2 x gfx942, found 1 x gfx942; see what became of it: sudo dmesg | grep -i -e amdgpu -e nvrm",
    ],
  ],
  [
    "apt took another ROCm package",
    { packages: { ...inspection.packages, rocminfo: "1.0.0.70200-43~24.04" } },
    [
      "rocminfo: wanted 1.0.0.70101-38~24.04, found 1.0.0.70200-43~24.04; run pulumi refresh and pulumi up to install it again",
    ],
  ],
  [
    "a device computes wrongly",
    { fitness: { default: { checks: [{ device: "cuda:1", ok: false, copyGBs: 12 }], error: null } } },
    [
      'functional check on cuda:1: wanted right results, found {"ok":false,"copyGBs":12}; this device is not fit: take the node out, or have it repaired',
    ],
  ],
  [
    "memory is lost",
    { facts: { ...readyFacts, memoryGiB: 1448 } },
    ["memory: wanted 1511.4 GiB, found 1448 GiB; look whether a module is lost: sudo dmidecode -t memory"],
  ],
])("drift where %s is one line", (_what, change, lines) => {
  expect(drift(change)).toEqual(lines);
});

test("memory that another kernel keeps to itself is no drift", () => {
  expect(drift({ facts: { ...readyFacts, memoryGiB: 1509.9 } })).toEqual([]);
});

test("PyPI's torch in the place of ROCm's is drift, in its version and in what it is built for", () => {
  const lines = drift({
    environments: {
      default: {
        python: "3.12.3",
        packages: { torch: "2.10.0" },
        torch: { version: "2.10.0+cu128", hip: null, cuda: "12.8", device: null },
      },
    },
  });
  expect(lines).toEqual([
    "torch: wanted 2.10.0+rocm7.1, found 2.10.0; remove the environment's folder and run pulumi up",
    "torch 2.10.0+cu128: wanted a ROCm build for gfx942, found a CUDA 12.8 build; remove the environment's folder and run pulumi up",
  ]);
});

test("a package that somebody put into the environment is drift", () => {
  const own = inspection.environments.default;
  if (own === undefined || "error" in own) throw new RangeError("The sample has an environment.");
  const more = { ...own, packages: { ...own.packages, numba: "0.60.0" } };
  expect(drift({ environments: { default: more } })).toEqual([
    "numba: wanted nothing, found 0.60.0; remove the environment's folder and run npx pulumi up",
  ]);
});

test("a node without a GPU is held against what it was, and its CPU's check counts", () => {
  const { amdgpuModule, ...plain } = readyFacts;
  const cpu: Inspection = {
    ...inspection,
    facts: { ...plain, accelerator: "cpu", gpus: [], amdgpuDriver: null },
    driver: { module: null, srcversion: null, dkms: [] },
    packages: {},
    rocm: null,
    amdSmi: null,
    rocminfo: null,
    environments: {
      default: {
        python: "3.12.3",
        packages: { torch: "2.11.0" },
        torch: { version: "2.11.0+cu128", hip: null, cuda: "12.8", device: null },
      },
    },
    fitness: { default: { checks: [{ device: "cpu", ok: true }], error: null } },
  };
  expect(driftOf(deployed(cpu), cpu)).toEqual([]);
  expect(driftOf(deployed(cpu), { ...cpu, fitness: {} })).toEqual([
    "functional check: wanted a report of each device, found nothing; run it on the node: python -m trainer probe",
  ]);
  expect(driftOf(deployed(cpu), { ...cpu, facts: { ...cpu.facts, cores: 48 } })).toEqual([
    expect.stringMatching(/^processors: wanted 96, found 48; /),
  ]);
});

test("each item says what was expected and what was found, what is right too", () => {
  const found = {
    ...inspection,
    packages: { ...inspection.packages, rocminfo: null },
    fitness: { default: { checks: [{ device: "cuda:0", ok: true, copyGBs: 4012.5 }], error: null } },
  };
  expect(
    itemsOf(deployed(), found).map(({ item, expected, found }) => `${item} | ${expected} | ${found}`),
  ).toMatchInlineSnapshot(`
    [
      "kernel | 6.8.0-60-generic | 6.8.0-60-generic",
      "GPUs | 2 x gfx942 | 2 x gfx942",
      "amdgpu module | 6.16.6 | 6.16.6",
      "amdgpu-dkms | 1:6.16.6.30200100-2255209.24.04 | 1:6.16.6.30200100-2255209.24.04",
      "amdgpu-dkms-firmware | 1:6.16.6.30200100-2255209.24.04 | 1:6.16.6.30200100-2255209.24.04",
      "rocm-core | 7.1.1.70101-38~24.04 | 7.1.1.70101-38~24.04",
      "rocminfo | 1.0.0.70101-38~24.04 | none",
      "amd-smi-lib | 26.2.0.70101-38~24.04 | 26.2.0.70101-38~24.04",
      "ROCm | 7.1.1 | 7.1.1",
      "torch | 2.10.0+rocm7.1 (HIP 7.1.25424-4179531dcd) | 2.10.0+rocm7.1 (HIP 7.1.25424-4179531dcd)",
      "packages | 1 | 1",
      "check of cuda:0 | computes and copies rightly | computes and copies rightly, 4012.5 GB/s",
    ]
  `);
});
