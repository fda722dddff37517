import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Facts } from "../../../components/node/facts.ts";
import { Node } from "../../../components/node/node.ts";
import type { PinnedArgs } from "../../../components/node/pinnedPhases.ts";
import type { Pins } from "../../../components/node/software.ts";
import { environment, pins } from "./samples.ts";

const home = mkdtempSync(join(tmpdir(), "rocmark-pinned-"));
const privateKeyFile = join(home, "key");
const registered: pulumi.runtime.MockResourceArgs[] = [];

const before = [
  "system=Linux",
  "kernel=6.8.0-60-generic",
  "architecture=x86_64",
  "os=ubuntu",
  "osVersion=24.04",
  "cores=96",
  "cpu=AMD EPYC",
  "memoryKiB=1584362520",
  "python=3.12.3",
  "card=74a1 AMD Instinct MI300X OAM",
  "osName=24.04.3 LTS (Noble Numbat)",
  "secureBoot=off",
  "machine=real",
  "groups=ubuntu",
];
const bare = [...before, "accelerator=cpu", "amdgpuModule=none", "amdgpuPackage=", "kfd=absent"].join("\n");
const ready = [
  ...before,
  "accelerator=rocm",
  "gpu=90402",
  "amdgpuDriver=6.16.6",
  "amdgpuModule=dkms",
  "amdgpuPackage=1:6.16.6.30200100-2255209.24.04",
  "kfd=open",
].join("\n");
const torch = { version: "2.10.0+rocm7.1", hip: "7.1.25424", cuda: null, device: "AMD Instinct MI300X" };
const inspection = {
  facts: ready,
  driver: {
    module: "6.16.6",
    srcversion: "0",
    dkms: ["amdgpu/6.16.6-2255209.24.04, 6.8.0-60-generic, x86_64: installed"],
  },
  packages: {
    "amdgpu-dkms": "1:6.16.6.30200100-2255209.24.04",
    "rocm-core": "7.1.1.70101-38~24.04",
    rocminfo: "1.0.0.70101-38~24.04",
    "amd-smi-lib": "26.2.0.70101-38~24.04",
  },
  rocm: "7.1.1",
  amdSmi: {
    code: 0,
    out: JSON.stringify({ gpu_data: [{ gpu: 0, driver: { version: "6.16.6" } }] }),
    error: "",
  },
  rocminfo: { code: 0, out: "  Name:    gfx942\n", error: "" },
  environments: Object.fromEntries(
    ["default", "older"].map((name) => [
      name,
      { python: "3.12.3", packages: { torch: name === "older" ? "2.9.1+rocm6.4" : "2.10.0+rocm7.1" }, torch },
    ]),
  ),
  fitness: Object.fromEntries(
    ["default", "older"].map((name) => [name, { checks: [{ device: "cuda:0", ok: true }], error: null }]),
  ),
};

beforeAll(async () => {
  writeFileSync(privateKeyFile, "CANARY-PRIVATE-KEY");
  await pulumi.runtime.setMocks({
    newResource(args) {
      registered.push(args);
      const role = args.name.split("-").slice(1).join("-");
      const stdout = role === "facts" ? bare : role === "verification" ? JSON.stringify(inspection) : "{}";
      return { id: `${args.name}-id`, state: { ...args.inputs, stdout } };
    },
    call(args) {
      throw new Error(`Call not expected: ${args.token}`);
    },
  });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const settled = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => void output.apply(resolve));

const node = (name: string, wanted: Partial<Pins> = {}, more: Partial<PinnedArgs> = {}) =>
  new Node(name, {
    address: {
      host: "10.0.0.7",
      port: 22,
      user: "ubuntu",
      hostKey: "ssh-ed25519 AAAA",
      privateKeyFile,
      root: "/opt/rocmark/node",
      peerAddress: "10.0.0.7",
    },
    bundle: { digest: "b".repeat(64), archive: privateKeyFile },
    software: { digest: "c".repeat(64), packages: [] },
    pinned: {
      pins: pins({ environments: [{ ...environment, lock: privateKeyFile }], ...wanted }),
      stack: "dev",
      claim: "organization/rocmark/dev",
      readAt: "2026-11-25T00:00:00.000Z",
      stated: null,
      ...more,
    },
  });

const of = (name: string) => registered.filter((entry) => entry.name.startsWith(`${name}-`));
const roles = (name: string) => of(name).map((entry) => entry.name.slice(name.length + 1));
const input = (name: string, role: string) =>
  of(name).find((entry) => entry.name === `${name}-${role}`)?.inputs;

test("a pinned host is its phases in order, with no key in any of them", async () => {
  const seen: Facts[] = [];
  const made = node("a", {}, { onVerified: (facts) => seen.push(facts) });
  const { installed, facts } = await settled(made.fingerprint);

  expect(roles("a").sort()).toEqual(
    ["facts", "system", "reboot", "rocm", "bundle", "lock-default", "environment", "verification"].sort(),
  );
  for (const { inputs } of of("a")) {
    const { connection, ...others } = inputs;
    expect(JSON.stringify(others)).not.toContain("CANARY");
    if (connection)
      expect(connection["4dabf18193072939515e22adb298388d"]).toBe("1b47061264138c4ac30d75fd1eb44270");
  }
  expect(facts).toMatchObject({ gpus: ["gfx942"], amdgpuDriver: "6.16.6" });
  expect(installed).toMatchObject({
    rocm: "7.1.1",
    driver: { module: "6.16.6" },
    system: { rocminfo: "1.0.0.70101-38~24.04" },
  });
  expect(await settled(made.driver)).toBe(
    "driver 30.20.1 (amdgpu 6.16.6) built by DKMS for 6.8.0-60-generic and loaded, for gfx942",
  );
  expect(seen.map(({ kfd }) => kfd)).toEqual(["open"]);
});

test("every phase but the reboot says how to look for drift, and only the claim is given up at the end", () => {
  const commands = of("a").filter(({ type }) => type === "command:remote:Command");
  for (const { inputs, name } of commands) expect(inputs.read, name).toBeTypeOf("string");
  const ending = commands.filter(({ inputs }) => inputs.delete !== undefined).map(({ name }) => name);
  expect(ending.sort()).toEqual(["a-facts", "a-system"]);
});

test("asked to, the end takes back what each phase brought", async () => {
  await settled(node("b", { removeOnDestroy: true }).fingerprint);
  const ending = of("b").filter(({ inputs }) => inputs.delete !== undefined);
  expect(ending.map(({ name }) => name).sort()).toEqual(["b-facts", "b-rocm", "b-system"]);
});

test("what is not pinned has no phase", async () => {
  const request = { driver: "30.20.1", pytorch: "2.10.0+rocm7.1" };
  await settled(node("c", { request }).fingerprint);
  expect(roles("c")).not.toContain("rocm");
  expect(roles("c")).toContain("reboot");
  expect(input("c", "system")?.stdin).not.toContain("/rocm/apt/");
});

test("each variant is an environment of its own lock, beside the others, and has its own fingerprint", async () => {
  const older = { ...environment, name: "older", digest: "d".repeat(64), lock: privateKeyFile, packages: [] };
  const made = node("d", {
    request: {
      driver: "30.20.1",
      pytorch: "2.10.0+rocm7.1",
      variants: [{ name: "older", pytorch: "2.9.1+rocm6.4" }],
    },
    environments: [{ ...environment, lock: privateKeyFile }, older],
  });
  const environments = await settled(made.environments);
  expect(Object.entries(environments).map(([name, { python }]) => [name, python])).toEqual([
    ["default", "/opt/rocmark/node/environments/aaaaaaaaaaaaaaaa/bin/python"],
    ["older", "/opt/rocmark/node/environments/dddddddddddddddd/bin/python"],
  ]);
  expect(environments.default?.fingerprint.digest).not.toBe(environments.older?.fingerprint.digest);
  expect(input("d", "environment-older")?.create).toContain("https://download.pytorch.org/whl/rocm6.4");
  expect(input("d", "environment")?.create).toContain("https://download.pytorch.org/whl/rocm7.1");
});

test("every phase's text changes when the host is asked again: what failed before is looked at anew", async () => {
  await settled(node("e").fingerprint);
  const looking = roles("e").filter((role) => !["bundle", "lock-default"].includes(role));
  for (const role of looking)
    expect(JSON.stringify(input("e", role)), role).toContain("2026-11-25T00:00:00.000Z");
});
