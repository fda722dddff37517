import { expect, test } from "vitest";
import { type BootState, decide, type RebootRequest } from "../../../components/node/reboot/request.ts";
import { parseBootState } from "../../../components/node/reboot/scripts.ts";

const request: RebootRequest = {
  node: "a",
  stack: "dev",
  address: { host: "a", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA", privateKeyFile: "/key" },
  module: "6.16.6",
  release: "30.20.1",
  kernel: "6.8.0-60-generic",
  allowed: true,
  timeoutSeconds: 60,
};
const state: BootState = {
  bootId: "now",
  kernel: "6.8.0-60-generic",
  module: "6.16.6",
  changedIn: "before",
  askedIn: "before",
  users: [],
};

test.each<[string, Partial<BootState>, Partial<RebootRequest>, string]>([
  ["the pinned module is loaded in a boot after the change", {}, {}, "nothing"],
  ["the driver was changed in this boot", { changedIn: "now", module: "6.14.14" }, {}, "reboot"],
  [
    "the driver was changed in this boot, and the one before it has the same module version",
    { changedIn: "now" },
    {},
    "reboot",
  ],
  [
    "it was changed in this boot, which was already asked to end",
    { changedIn: "now", askedIn: "now", module: null },
    {},
    "reboot",
  ],
  [
    "somebody else installed it, and never rebooted",
    { changedIn: null, askedIn: null, module: "in-tree" },
    {},
    "reboot",
  ],
  ["a boot since has loaded the kernel's own", { module: "in-tree" }, {}, "driverNotLoaded"],
  ["a boot since has loaded none", { module: null }, {}, "driverNotLoaded"],
  [
    "somebody else's, and the boot that was asked for has not loaded it",
    { changedIn: null, module: "in-tree" },
    {},
    "driverNotLoaded",
  ],
  ["another kernel came up with it", { kernel: "6.8.0-71-generic" }, {}, "kernelChanged"],
  ["another kernel came up without it", { kernel: "6.8.0-71-generic", module: null }, {}, "kernelChanged"],
  ["no reboot is allowed", { changedIn: "now" }, { allowed: false }, "rebootNotAllowed"],
  ["no reboot is allowed, and none is needed", {}, { allowed: false }, "nothing"],
  ["programs use the GPUs", { changedIn: "now", users: ["python (process 7)"] }, {}, "nodeBusy"],
  [
    "no source names the module, and one of DKMS is loaded",
    { module: "6.16.13" },
    { module: null },
    "nothing",
  ],
  [
    "no source names the module, and none of DKMS is loaded",
    { module: "in-tree" },
    { module: null },
    "driverNotLoaded",
  ],
])("%s", (_title, change, asked, wanted) => {
  const decision = decide({ ...request, ...asked }, { ...state, ...change });
  expect(decision.do === "refuse" ? decision.refusal : decision.do).toBe(wanted);
});

test("a node that may not be rebooted is told the command, and one that is busy who uses it", () => {
  const changed = { ...state, changedIn: "now", module: "in-tree" };
  expect(decide({ ...request, allowed: false }, changed)).toMatchObject({
    why: "driver 30.20.1 is installed and the kernel's own amdgpu is loaded; rocmark:software.reboot.allowed is false. Reboot it yourself: sudo systemctl reboot",
  });
  expect(decide(request, { ...changed, users: ["python (process 7)", "vllm (process 9)"] })).toMatchObject({
    why: "driver 30.20.1 needs a reboot, and programs use the GPUs: python (process 7), vllm (process 9). End them or wait for them",
  });
});

test("what the node says of its boots is read, and what it leaves out is not known", () => {
  expect(
    parseBootState(
      "bootId=b1\nkernel=6.8.0\nmodule=in-tree\nuser=python (process 7)\nuser=ray (process 8)\n",
    ),
  ).toEqual({
    bootId: "b1",
    kernel: "6.8.0",
    module: "in-tree",
    changedIn: null,
    askedIn: null,
    users: ["python (process 7)", "ray (process 8)"],
  });
  expect(parseBootState("").bootId).toBe("");
});
