import fc from "fast-check";
import { expect, test } from "vitest";
import { parseAmdSmi } from "../../../../components/node/found/amdSmi.ts";
import { jsonDocuments } from "../../../../components/node/found/jsonDocuments.ts";

// As amd-smi documents its output: an array up to ROCm 6, an object from amd-smi 26 on.
const gpu = (index: number, change: object = {}) => ({
  gpu: index,
  asic: {
    market_name: "AMD Instinct MI300X VF",
    vendor_id: "0x1002",
    device_id: "0x74b5",
    num_compute_units: 304,
  },
  vram: { type: "HBM", size: { value: 196_592, unit: "MB" } },
  bus: { bdf: "0000:83:00.0" },
  driver: { name: "amdgpu", version: "6.12.12" },
  ...change,
});
const read = {
  index: 0,
  name: "AMD Instinct MI300X VF",
  deviceId: "74b5",
  driver: "6.12.12",
  memoryMiB: 196_592,
};

test.each([
  ["an array, as before amd-smi 26", JSON.stringify([gpu(0)])],
  ["gpu_data, as from amd-smi 26 on", JSON.stringify({ gpu_data: [gpu(0)] })],
  ["a document that is printed twice", `${JSON.stringify([gpu(0)])}\n${JSON.stringify([gpu(0)])}`],
  [
    "words before and after it",
    `WARNING: User is missing the following groups: [render]\n${JSON.stringify({ gpu_data: [gpu(0)] }, null, 4)}\nbye {`,
  ],
])("%s is read", (_title, text) => {
  expect(parseAmdSmi(text)).toEqual([read]);
});

test("what is N/A is not known, wherever it stands", () => {
  const text = JSON.stringify([
    gpu(0, { asic: { market_name: "N/A", device_id: "N/A" }, driver: "N/A", vram: { size: "N/A" } }),
  ]);
  expect(parseAmdSmi(text)).toEqual([
    { index: 0, name: null, deviceId: null, driver: null, memoryMiB: null },
  ]);
});

test.each([
  [{ value: "192", unit: "GB" }, 196_608],
  ["196592 MB", 196_592],
  [{ value: null, unit: "MB" }, null],
])("a memory size of %j is %j MiB", (size, wanted) => {
  expect(parseAmdSmi(JSON.stringify([gpu(0, { vram: { size } })]))[0]?.memoryMiB).toBe(wanted);
});

test.each([
  ["nothing", ""],
  ["an error", "ERROR:root:Unable to detect any GPU devices"],
  ["a cut text", '[{"gpu": 0'],
])("%s has no GPU in it", (_title, text) => {
  expect(parseAmdSmi(text)).toEqual([]);
});

test("every list of GPUs comes back in order, in both shapes, and with any words around it", () => {
  const words = fc.string({ maxLength: 20 }).map((text) => text.replace(/[[\]{}"\\]/g, ""));
  const indices = fc.uniqueArray(fc.nat({ max: 15 }), { maxLength: 8 });
  fc.assert(
    fc.property(indices, fc.boolean(), words, words, (list, isObject, before, after) => {
      const gpus = list.map((index) => gpu(index));
      const text = `${before}${JSON.stringify(isObject ? { gpu_data: gpus } : gpus)}${after}`;
      expect(parseAmdSmi(text).map(({ index }) => index)).toEqual([...list].sort((a, b) => a - b));
    }),
    { seed: 1 },
  );
});

test("any text is read without an error", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.stringMatching(/^[[\]{}",:0-9 a]*$/)), (text) => {
      expect(Array.isArray(parseAmdSmi(text))).toBe(true);
    }),
    { seed: 1 },
  );
});

test("documents after each other come back as they were written", () => {
  const composite = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()));
  fc.assert(
    fc.property(fc.array(composite, { maxLength: 4 }), (documents) => {
      const text = documents.map((document) => JSON.stringify(document)).join("\n");
      expect(jsonDocuments(text)).toEqual(documents.map((document) => JSON.parse(JSON.stringify(document))));
    }),
    { seed: 1 },
  );
});
