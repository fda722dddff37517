import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDkms, toDkmsVersion } from "../../../../components/node/found/dkms.ts";
import { toRocmRelease } from "../../../../components/node/found/inspection.ts";
import { parseRocminfo } from "../../../../components/node/found/rocminfo.ts";

const agents = `ROCk module version 6.16.6 is loaded
=====================
HSA Agents
==========
*******
Agent 1
*******
  Name:                    AMD EPYC 9534 64-Core Processor
  Marketing Name:          AMD EPYC 9534 64-Core Processor
  Device Type:             CPU
*******
Agent 2
*******
  Name:                    gfx942
  Marketing Name:          AMD Instinct MI300X
  Device Type:             GPU
  ISA Info:
    ISA 1
      Name:                    amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-
    ISA 2
      Name:                    amdgcn-amd-amdhsa--gfx9-4-generic:sramecc+:xnack-
*******
Agent 3
*******
  Name:                    gfx942
  Marketing Name:          AMD Instinct MI300X
  ISA Info:
    ISA 1
      Name:                    amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-
`;

test("rocminfo's agents are its GPUs, one each, and their instruction sets", () => {
  expect(parseRocminfo(agents)).toEqual({
    gpus: ["gfx942", "gfx942"],
    isas: ["amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-", "amdgcn-amd-amdhsa--gfx9-4-generic:sramecc+:xnack-"],
    problem: null,
  });
});

test.each([
  [
    "ROCk module is NOT loaded, possibly no GPU devices\n",
    "ROCk module is NOT loaded, possibly no GPU devices",
  ],
  [
    "ROCk module version 6.16.6 is loaded\nUnable to open /dev/kfd read-write: Permission denied\nme is not member of",
    "Unable to open /dev/kfd read-write: Permission denied",
  ],
  ["  Name:                    AMD EPYC 9534\n", "no GPU among its agents"],
  ["", "no GPU among its agents"],
])("rocminfo without a GPU says why: %j", (text, problem) => {
  expect(parseRocminfo(text)).toEqual({ gpus: [], isas: [], problem });
});

test.each([
  [
    "amdgpu/6.14.14-2204008.24.04, 6.14.0-29-generic, x86_64: installed",
    { version: "6.14.14-2204008.24.04", kernel: "6.14.0-29-generic", state: "installed", remark: "" },
  ],
  [
    "amdgpu, 6.7.0-1787201.22.04, 5.15.0-91-generic, x86_64: installed",
    { version: "6.7.0-1787201.22.04", kernel: "5.15.0-91-generic", state: "installed", remark: "" },
  ],
  [
    "amdgpu/6.16.6-2255209.24.04: added",
    { version: "6.16.6-2255209.24.04", kernel: null, state: "added", remark: "" },
  ],
  [
    "amdgpu/6.16.6-1, 6.8.0-60-generic, x86_64: installed (WARNING! Diff between built and installed module!)",
    {
      version: "6.16.6-1",
      kernel: "6.8.0-60-generic",
      state: "installed",
      remark: "(WARNING! Diff between built and installed module!)",
    },
  ],
])("dkms's line %j is read", (line, wanted) => {
  expect(parseDkms(line)).toEqual({ name: "amdgpu", ...wanted });
});

test("a line that is none of dkms's is left out, and any text is read without an error", () => {
  expect(parseDkms("Error! Could not locate dkms.conf file.")).toBeNull();
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseDkms(text);
      parseRocminfo(text);
      toRocmRelease(text);
    }),
    { seed: 1 },
  );
});

test("a package's version holds the version that DKMS gives its module", () => {
  expect(toDkmsVersion("1:6.16.6.30200100-2255209.24.04")).toBe("6.16.6-2255209.24.04");
  expect(toDkmsVersion("1:6.10.5.60301-2095006.22.04")).toBe("6.10.5-2095006.22.04");
});

test.each([
  ["7.1.1", "7.1.1"],
  ["6.4.0-47\n", "6.4.0"],
])("/opt/rocm/.info/version %j is ROCm %s", (text, release) => {
  expect(toRocmRelease(text)).toBe(release);
});
