import { expect, test } from "vitest";
import type { Facts } from "../../../components/node/facts.ts";
import {
  canonical,
  differences,
  fingerprint,
  type Installed,
  parseInstalled,
} from "../../../components/node/verification.ts";

const facts: Facts = {
  system: "Linux",
  kernel: "6.8.0",
  architecture: "x86_64",
  os: "ubuntu",
  osVersion: "24.04",
  cores: 8,
  cpu: "x",
  memoryGiB: 64,
  python: "3.12.3",
  accelerator: "cpu",
  gpus: [],
  amdgpuDriver: null,
};
const installed: Installed = {
  python: "3.12.3",
  packages: { torch: "2.11.0", Typing_Extensions: "4.1" },
  torch: { version: "2.11.0+cu130", hip: null, cuda: "13.0", device: null },
};
const pin = (name: string, version: string, marker: string | null = null) => ({
  name,
  version,
  marker,
  hashes: ["0"],
});

test("a node with every pinned version has no differences", () => {
  expect(differences([pin("torch", "2.11.0"), pin("typing-extensions", "4.1")], installed, facts)).toEqual(
    [],
  );
});

test.each([
  ["another version", [pin("torch", "2.10.0")], "torch: wanted 2.10.0, found 2.11.0"],
  ["a missing package", [pin("peft", "0.21.2")], "peft: wanted 0.21.2, found nothing"],
  [
    "another version than any marker allows",
    [pin("torch", "2.9.0", "a"), pin("torch", "2.10.0", "b")],
    "torch: wanted 2.9.0 or 2.10.0, found 2.11.0",
  ],
])("%s is named with both versions", (_title, locked, sentence) => {
  expect(differences(locked, installed, facts)).toEqual([sentence]);
});

test("a package that its marker may exclude can be absent", () => {
  expect(differences([pin("triton", "3.6.0", "sys_platform == 'linux'")], installed, facts)).toEqual([]);
});

test("a CUDA build of torch on a ROCm node is named, whatever its version", () => {
  const rocm: Facts = { ...facts, accelerator: "rocm", gpus: ["gfx942"] };
  expect(differences([], installed, rocm)).toEqual([
    "torch 2.11.0+cu130: wanted a ROCm build for gfx942, found a CUDA 13.0 build",
  ]);
});

test("the digest depends on what is installed, not on the node's name or the order of keys", () => {
  const one = fingerprint("a", facts, installed);
  const swapped = { ...installed, packages: { Typing_Extensions: "4.1", torch: "2.11.0" } };
  expect(fingerprint("b", facts, swapped).digest).toBe(one.digest);
  expect(fingerprint("a", { ...facts, kernel: "6.9.0" }, installed).digest).not.toBe(one.digest);
});

test("canonical JSON sorts the keys of nested objects and leaves lists in order", () => {
  expect(canonical({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
});

test("output that is no report is refused with the node's name", () => {
  expect(() => parseInstalled("node-1", "Traceback ...\n")).toThrow('Node "node-1"');
});
