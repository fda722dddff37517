import { expect, test } from "vitest";
import { planNode } from "../../../components/node/preflight.ts";
import { bareFacts, environment, pins, plan, readyFacts } from "./samples.ts";

test("a bare MI300X host gets the pinned driver, packages, sources and wheel, and nothing else", () => {
  const { driver, rocm, sources, wheels, kernel, pythons } = plan();
  expect(kernel).toBe("6.8.0-60-generic");
  expect(driver).toEqual({
    release: "30.20.1",
    version: "1:6.16.6.30200100-2255209.24.04",
    module: "6.16.6",
    kernelPackages: ["linux-headers-6.8.0-60-generic", "linux-modules-extra-6.8.0-60-generic"],
  });
  expect(rocm).toEqual({
    release: "7.1.1",
    packages: [
      { name: "rocm-core", version: "*.70101-*~24.04" },
      { name: "rocminfo", version: "*.70101-*~24.04" },
      { name: "amd-smi-lib", version: "*.70101-*~24.04" },
    ],
  });
  expect(sources?.repositories.map(({ value }) => value.url)).toEqual([
    "https://repo.radeon.com/amdgpu/30.20.1/ubuntu",
    "https://repo.radeon.com/rocm/apt/7.1.1",
    "https://repo.radeon.com/graphics/7.1.1/ubuntu",
  ]);
  expect(wheels.default).toEqual({
    index: "https://download.pytorch.org/whl/rocm7.1",
    torch: "2.10.0+rocm7.1",
    hip: "7.1.",
    targets: ["gfx942"],
  });
  expect(pythons.default).toBe("3.12");
});

test("a wheel alone needs no sources, where the loaded driver is one that fits", () => {
  const alone = pins({ request: { pytorch: "2.10.0+rocm7.1" } });
  const { driver, rocm, sources } = planNode("a", alone, readyFacts, null);
  expect({ driver, rocm, sources }).toEqual({ driver: null, rocm: null, sources: null });
});

test("a driver that is not pinned is not installed: without one that fits, the stack is refused with one that would", () => {
  const alone = pins({ request: { pytorch: "2.10.0+rocm7.1" } });
  expect(() => planNode("a", alone, bareFacts, null)).toThrow(
    /^a: rocmark:software\.driver pins none, and no driver of AMD's is loaded.*Pin one \(\d+\.\d+\.\d+ would fit\)/,
  );
});

test("a driver without PyTorch is refused: the trainer's own lock would bring PyPI's build", () => {
  const alone = pins({
    request: { driver: "30.20.1" },
    environments: [{ ...environment, isPinned: false, lock: null }],
  });
  expect(() => planNode("a", alone, bareFacts, null)).toThrow(/^a: rocmark:software\.pytorch pins none/);
});

test("what the matrix knows not to work is refused with the node's name and the rule", () => {
  const wrong = pins({ request: { driver: "30.20.1", rocm: "7.1.1", pytorch: "2.10.0+rocm7.1" } });
  const facts = { ...bareFacts, secureBoot: "enforcing" as const };
  expect(() => planNode("gpu-a", wrong, facts, null)).toThrow(
    /gpu-a(.|\n)*secure boot \(rocmark:software.driver, node.secureBoot\)/,
  );
});

test.each([
  ["no GPU at all", { accelerator: "cpu" as const, gpus: [] }, "found none"],
  [
    "a GPU of another maker",
    { accelerator: "cuda" as const, gpus: ["NVIDIA H100, 570.86.15"] },
    "found NVIDIA H100, 570.86.15",
  ],
])("a node with %s is refused by name", (_title, change, found) => {
  const { amdgpuModule: _, ...others } = bareFacts;
  expect(() => planNode("gpu-a", pins(), { ...others, ...change }, null)).toThrow(`gpu-a: ${found}`);
});
