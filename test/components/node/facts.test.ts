import { expect, test } from "vitest";
import { driverPhase } from "../../../components/node/driver.ts";
import { parseFacts, toGfx } from "../../../components/node/facts.ts";

const lines = (changes: Record<string, string | null> = {}) =>
  Object.entries({
    system: "Linux",
    kernel: "6.8.0-60-generic",
    architecture: "x86_64",
    os: "ubuntu",
    osVersion: "24.04",
    cores: "16",
    memoryKiB: "263921664",
    cpu: "AMD EPYC 9554",
    diskFreeKiB: "1",
    python: "3.12.3",
    accelerator: "cpu",
    ...changes,
  })
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${value}`)
    .join("\n");

test("a CPU node needs no driver, and its driver phase says so", () => {
  const facts = parseFacts("node-0", lines());
  expect(facts.memoryGiB).toBe(251.7); // 263921664 KiB / 1024^2
  expect(driverPhase(facts)).toBe("no driver needed: no GPU on this node, it runs on its CPU");
});

test("a ROCm node names its GPUs by gfx target and its driver by the kernel module's version", () => {
  const facts = parseFacts(
    "mi300x",
    `${lines({ accelerator: "rocm" })}\ngpu=90402\ngpu=90402\namdgpuDriver=6.16.6`,
  );
  expect(facts.gpus).toEqual(["gfx942", "gfx942"]);
  expect(driverPhase(facts)).toBe("amdgpu driver 6.16.6 in place for gfx942, gfx942: left as it is");
});

test.each([
  [90_402, "gfx942"],
  [90_500, "gfx950"],
  [90_010, "gfx90a"],
  [90_008, "gfx908"],
  [110_000, "gfx1100"],
])("gfx_target_version %i is %s", (version, gfx) => {
  expect(toGfx(version)).toBe(gfx);
});

test.each([
  ["an accelerator of another kind", { accelerator: "tpu" }, "accelerator"],
  ["no kernel", { kernel: null }, "kernel"],
  ["cores that are no number", { cores: "many" }, "cores"],
])("%s is refused by its key", (_title, change, key) => {
  expect(() => parseFacts("node-0", lines(change))).toThrow(
    `Node "node-0": its facts could not be read: ${key}:`,
  );
});

const amd = (changes: Record<string, string | null> = {}, cards = ["74a1 AMD Instinct MI300X OAM"]) =>
  `${lines({
    osName: "24.04.3 LTS (Noble Numbat)",
    secureBoot: "off",
    machine: "real",
    amdgpuModule: "none",
    amdgpuPackage: "",
    groups: "ubuntu adm render",
    kfd: "absent",
    ...changes,
  })}\n${cards.map((card) => `card=${card}`).join("\n")}`;

test("a node with an AMD GPU and no driver says its model, its point release and what stands in a driver's way", () => {
  expect(parseFacts("a", amd())).toMatchObject({
    pointRelease: "24.04.3",
    gpuModel: "AMD Instinct MI300X OAM",
    secureBoot: "off",
    virtualisation: "none",
    amdgpuModule: "none",
    amdgpuPackage: null,
    deviceGroups: ["render"],
    kfd: "absent",
    gpus: [],
  });
});

test("a node without an AMD GPU has none of these facts: its fingerprint is the one it always had", () => {
  expect(Object.keys(parseFacts("a", lines()))).not.toContain("amdgpuModule");
});

test.each([
  ["a virtual function by its name", "virtual", ["74b5 AMD/ATI [Instinct MI300X VF]"], "sr-iov"],
  ["a virtual function by its id alone", "virtual", ["74b5"], "sr-iov"],
  ["a whole GPU in a virtual machine", "virtual", ["74a1"], "passthrough"],
  ["bare metal", "real", ["74a1"], "none"],
])("virtualisation: %s", (_title, machine, cards, wanted) => {
  expect(parseFacts("a", amd({ machine }, cards)).virtualisation).toBe(wanted);
});

test.each([
  ["the board's own name", ["74a1 AMD Instinct MI300X OAM"], "AMD Instinct MI300X OAM"],
  [
    "lspci's brackets, not the maker's",
    ["744c Advanced Micro Devices, Inc. [AMD/ATI] Navi 31 [Radeon RX 7900 XT/7900 XTX]"],
    "Radeon RX 7900 XT/7900 XTX",
  ],
  [
    "an id that an old lspci does not know",
    ["74a5 Advanced Micro Devices, Inc. [AMD/ATI] Device"],
    "Instinct MI325X",
  ],
  ["an accelerator before a display", ["164e Raphael [Radeon Graphics]", "740f"], "Instinct MI210"],
  ["an id that nobody knows", ["ffff"], undefined],
])("the GPU's model: %s", (_title, cards, model) => {
  expect(parseFacts("a", amd({}, cards)).gpuModel).toBe(model);
});
