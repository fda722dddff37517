import { expect, test } from "vitest";
import type { NodeFacts, SoftwareRequest } from "../../../components/compatibility/request.ts";
import { solve } from "../../../components/compatibility/solve.ts";
import { gpu, jammy5, mi300x, noble2, noble3, noble4, on } from "./nodes.ts";

const solved = (request: SoftwareRequest, node: Partial<NodeFacts> = {}) => {
  const solution = solve(request, { ...mi300x, ...node });
  if (solution.kind !== "solved") throw new Error(JSON.stringify(solution, null, 1));
  return solution;
};

const with711 = { driver: "30.20.1", rocm: "7.1.1", pytorch: "2.10.0+rocm7.1" };
const with724 = { driver: "30.30.4", rocm: "7.2.4", pytorch: "2.11.0+rocm7.2" };
const with643 = { driver: "6.4.3", rocm: "6.4.3", pytorch: "2.9.1+rocm6.4" };
const hwe14 = on("6.14.0-29-generic");
const hwe17 = on("6.17.0-14-generic");

test.each([
  ["7.1.1 on 24.04.3 with its GA kernel", with711, noble3],
  ["7.1.1 on 24.04.3 with its HWE kernel", with711, { ...noble3, ...hwe14 }],
  ["7.1.1 on 22.04.5", with711, jammy5],
  ["7.1.1 on an MI355X", with711, gpu("AMD Instinct MI355X")],
  ["7.1.1 on an MI250X", with711, gpu("AMD Instinct MI250X / MI250")],
  ["7.1.1 on an MI210 whose driver lists it", with711, { gpuModel: undefined, gpus: ["gfx90a", "gfx90a"] }],
  [
    "7.1.1 on a virtual function of an MI300X",
    with711,
    { ...gpu("AMD Instinct MI300X VF"), virtualisation: "sr-iov" as const },
  ],
  ["7.2.4 on 24.04.4 with its GA kernel", with724, noble4],
  ["7.2.4 on 24.04.4 with its HWE kernel", with724, { ...noble4, ...hwe17 }],
  ["7.2.4 on a Radeon RX 7900 XTX", with724, { ...noble4, ...gpu("AMD Radeon RX 7900 XTX") }],
  ["7.2.4 with torch 2.13", { ...with724, pytorch: "2.13.0+rocm7.2" }, noble4],
  [
    "7.2.0 on 24.04.3",
    { driver: "30.30.0", rocm: "7.2.0", pytorch: "2.11.0+rocm7.2" },
    { ...noble3, ...hwe14 },
  ],
  ["6.4.3 on 24.04.2 with its HWE kernel", with643, { ...noble2, ...on("6.11.0-26-generic") }],
  [
    "6.4.1 on a PRO W7900",
    { driver: "6.4.1", rocm: "6.4.1", pytorch: "2.8.0+rocm6.4" },
    { ...noble2, ...gpu("AMD Radeon PRO W7900 Dual Slot") },
  ],
  ["6.4.2 on 22.04.5", { driver: "6.4.2", rocm: "6.4.2", pytorch: "2.9.1+rocm6.4" }, jammy5],
  ["6.4.3 on a driver two series newer", { ...with643, driver: "30.20.1" }, noble2],
  [
    "6.2.4 on an MI300X with 22.04's GA kernel",
    { rocm: "6.2.4", driver: "6.2.2", pytorch: "2.5.1+rocm6.2" },
    jammy5,
  ],
  [
    "6.2.0 on the last kernel before its build failed",
    { driver: "6.2.0", rocm: "6.2.0", pytorch: "2.5.1+rocm6.2" },
    { osVersion: "24.04", ...on("6.8.0-41-generic") },
  ],
])("%s works, by every rule", (_title, request, node) => {
  const { set, unknowns } = solved(request, node);
  expect(set).toMatchObject(request);
  expect(unknowns).toEqual([]);
});

test("the node's own Python is taken where PyTorch has wheels for it", () => {
  expect(solved(with711, { python: "3.11.9" }).set.python).toBe("3.11");
});

test("a Python that PyTorch has no wheels for gives way to the newest that it has", () => {
  expect(solved(with711, { python: "3.8.10" }).set.python).toBe("3.13");
});

test("what no pin names is the newest that works, with the driver that came with its ROCm", () => {
  expect(solved({}, noble4).set).toEqual({
    driver: "30.30.4",
    rocm: "7.2.4",
    pytorch: "2.13.0+rocm7.2",
    python: "3.12",
  });
});

test("a driver that is loaded already stays, and all else follows it", () => {
  const node = {
    gpus: ["gfx942"],
    amdgpuDriver: "6.14.14",
    amdgpuPackage: "1:6.14.14.30100200-2226257.24.04",
  };
  expect(solved({}, node).set.driver).toBe("30.10.2");
});

test.each(["6.12.0-1004-generic", "6.8.0-1030-azure", "6.19.3"])(
  "kernel %s, which no document names, is no hindrance for a driver that is loaded on it",
  (kernel) => {
    const node = {
      ...on(kernel),
      gpus: ["gfx942"],
      amdgpuDriver: "6.16.6",
      amdgpuPackage: "1:6.16.6.30200100-2255209.24.04",
    };
    const solution = solve(
      { driver: "30.20.1", pytorch: "2.10.0+rocm7.1" },
      { ...mi300x, ...node },
      { scope: "wheel" },
    );
    expect(solution).toMatchObject({ kind: "solved", installation: { driver: "keep" } });
  },
);

test("a module version that several releases share is not taken for the pinned one", () => {
  const node = { ...noble4, gpus: ["gfx942"], amdgpuDriver: "6.16.13", amdgpuPackage: undefined };
  expect(solved(with724, node).installation.driver).toBe("replace");
});

test("a wheel alone brings its own ROCm: on a point release that its packages do not list it works", () => {
  const request = { pytorch: "2.10.0+rocm7.1" };
  const node = { ...mi300x, ...noble4 };
  expect(solve(request, node).kind).toBe("unknown");
  expect(solve(request, node, { scope: "wheel" })).toMatchObject({
    kind: "solved",
    set: { driver: "30.20.1" },
  });
});

test("allowed unknowns pass, and are listed", () => {
  const solution = solve(
    { rocm: "7.1.1", pytorch: "2.10.0+rocm7.1" },
    { ...mi300x, ...noble4 },
    { allowUnknown: true },
  );
  expect(solution).toMatchObject({
    kind: "solved",
    unknowns: [{ rule: "operating system", verdict: "unknown" }],
  });
});

test("what is known not to work is refused although unknowns are allowed", () => {
  const solution = solve({ rocm: "7.1.1", pytorch: "2.11.0+rocm7.2" }, mi300x, { allowUnknown: true });
  expect(solution.kind).toBe("impossible");
});

test.each([
  ["rocm", "seven"],
  ["driver", "6.12.12.60401"],
  ["pytorch", "2.10.0+cu128"],
  ["python", "2.7"],
] as const)("a pin of %s that is none is refused by its key: %s", (axis, text) => {
  expect(solve({ [axis]: text }, mi300x)).toMatchObject({
    kind: "impossible",
    set: null,
    broken: [{ rule: "form", keys: [`rocmark:software.${axis}`], found: `"${text}"` }],
  });
});
