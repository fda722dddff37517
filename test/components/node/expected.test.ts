import fc from "fast-check";
import { expect, test } from "vitest";
import { unexpected } from "../../../components/node/expected.ts";
import { fits } from "../../../components/node/expectedSystem.ts";
import type { Inspection } from "../../../components/node/found/inspection.ts";
import { environment, inspection, plan, readyFacts } from "./samples.ts";

const judge = (change: Partial<Inspection>) =>
  unexpected(plan(), [environment], { ...inspection, ...change }, "ubuntu");

test("a host that holds its pins differs in nothing", () => {
  expect(judge({})).toEqual([]);
});

test.each<[string, Partial<Inspection>, string]>([
  [
    "another kernel since",
    { facts: { ...readyFacts, kernel: "6.8.0-71-generic" } },
    "kernel: wanted 6.8.0-60-generic, found 6.8.0-71-generic; run pulumi up again, which asks whether the pins fit this kernel",
  ],
  [
    "the kernel's own module loaded",
    { driver: { ...inspection.driver, module: null }, facts: { ...readyFacts, amdgpuModule: "in-tree" } },
    "loaded amdgpu module: wanted 6.16.6 (driver 30.20.1), found the kernel's own, which has no version; reboot the node, and look why it is not loaded: sudo dmesg | grep -i amdgpu",
  ],
  [
    "no module built for the running kernel",
    {
      driver: {
        ...inspection.driver,
        dkms: inspection.driver.dkms.map((entry) => ({ ...entry, kernel: "6.8.0-41-generic" })),
      },
    },
    "DKMS: wanted amdgpu installed for 6.8.0-60-generic, found 6.16.6-2255209.24.04 installed for 6.8.0-41-generic; build it on the node and read its make.log: sudo dkms autoinstall",
  ],
  [
    "a driver that apt has changed",
    { packages: { ...inspection.packages, "amdgpu-dkms": null } },
    "amdgpu-dkms: wanted 1:6.16.6.30200100-2255209.24.04, found nothing; run pulumi refresh and pulumi up to install it again",
  ],
  [
    "Ubuntu's own rocminfo",
    { packages: { ...inspection.packages, rocminfo: "5.7.1-3build1" } },
    "rocminfo: wanted *.70101-*~24.04, found 5.7.1-3build1; run pulumi refresh and pulumi up to install it again",
  ],
  [
    "another ROCm under /opt/rocm",
    { rocm: "6.4.1" },
    "/opt/rocm/.info/version: wanted 7.1.1, found 6.4.1; see what /opt/rocm leads to; run pulumi refresh and pulumi up to install it again",
  ],
  [
    "a GPU of another target than the stack states",
    {
      facts: { ...readyFacts, gpus: ["gfx90a", "gfx90a"] },
      rocminfo: { gpus: ["gfx90a", "gfx90a"], isas: [], problem: null },
    },
    "GPU target: wanted gfx942, found gfx90a; correct the facts that the stack states",
  ],
  [
    "a GPU that amd-smi does not see",
    { amdSmi: { gpus: inspection.amdSmi?.gpus.slice(1) ?? [], problem: null } },
    "amd-smi: wanted 2 GPUs, as the kernel lists, found 1; run it on the node: amd-smi list",
  ],
  [
    "no amd-smi",
    { amdSmi: null },
    "amd-smi: wanted the program, found nothing; run pulumi refresh and pulumi up to install it again",
  ],
  [
    "torch that reaches no GPU",
    {
      environments: {
        default: {
          python: "3.12.3",
          packages: { torch: "2.10.0+rocm7.1" },
          torch: { version: "2.10.0+rocm7.1", hip: "7.1.1", cuda: null, device: null },
        },
      },
    },
    "torch: wanted a GPU that it can use, found nothing; run it on the node: python -c 'import torch; torch.cuda.init()'",
  ],
  [
    "PyPI's CUDA build",
    {
      environments: {
        default: {
          python: "3.12.3",
          packages: { torch: "2.10.0+rocm7.1" },
          torch: { version: "2.10.0+cu128", hip: null, cuda: "12.8", device: null },
        },
      },
    },
    "torch 2.10.0+cu128: wanted a ROCm build for gfx942, found a CUDA 12.8 build; remove the environment's folder and run pulumi up",
  ],
  [
    "an environment that does not start",
    { environments: { default: { error: "ImportError: libamdhip64.so.7" } } },
    "environment: wanted a Python that imports torch, found ImportError: libamdhip64.so.7; remove its folder and run pulumi up",
  ],
  [
    "a device that computes wrongly",
    {
      fitness: {
        default: { checks: [{ device: "cuda:1", ok: false, errorInEpsilons: { fp16: 9000 } }], error: null },
      },
    },
    'functional check on cuda:1: wanted right results, found {"ok":false,"errorInEpsilons":{"fp16":9000}}; this device is not fit: take the node out, or have it repaired',
  ],
  [
    "a check that could not run",
    { fitness: { default: { checks: [], error: "out of memory" } } },
    "functional check: wanted a report of each device, found out of memory; run it on the node: python -m trainer probe",
  ],
])("%s is one line: item, wanted, found, what next", (_title, change, line) => {
  expect(judge(change)).toEqual([line]);
});

test("no permission on /dev/kfd is said once, not again for each tool that fails of it", () => {
  expect(
    judge({
      facts: { ...readyFacts, kfd: "denied", deviceGroups: [] },
      rocminfo: { gpus: [], isas: [], problem: "Unable to open /dev/kfd read-write: Permission denied" },
    }),
  ).toEqual([
    "/dev/kfd: wanted read and write for ubuntu, found neither (its device groups: none); sudo usermod -aG render,video ubuntu, then log in anew; and see who owns it: ls -l /dev/kfd",
  ]);
});

test("a version fits a pattern where the stars stand for anything and all else for itself", () => {
  expect(fits("1.0.0.70101-38~24.04", "*.70101-*~24.04")).toBe(true);
  expect(fits("1.0.0.70102-38~24.04", "*.70101-*~24.04")).toBe(false);
  expect(fits("1.0.0x70101-38~24.04", "*.70101-*~24.04")).toBe(false);
  expect(fits(null, "*")).toBe(false);
  const text = fc
    .string({ maxLength: 12 })
    .filter((part) => !part.includes("*") && !/[\n\r\u2028\u2029]/.test(part));
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      expect(fits(a + b + c, `${a}*${c}`)).toBe(true);
      expect(fits(a, a)).toBe(true);
    }),
    { seed: 1 },
  );
});
