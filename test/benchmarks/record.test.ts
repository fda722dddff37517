import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nestingDepth } from "../../benchmarks/nesting.ts";
import { maxNesting, maxRecordBytes, parseRecord, parseStoredRecord } from "../../benchmarks/parseRecord.ts";
import { type RunRecord, recordJsonSchema } from "../../benchmarks/record.ts";
import { buildEfficiency, buildQuestions, buildRecord } from "./recordBuilder.ts";

const project = join(import.meta.dirname, "..", "..");
const full = buildRecord({
  evaluation: { tuned: buildQuestions(8, 6), untuned: buildQuestions(8, 2) },
  adapter: { path: "adapters/20261124T000000-00000001", sha256: "a".repeat(64), parameters: 10 },
  efficiency: buildEfficiency(),
});
const parse = (value: unknown) =>
  parseRecord(typeof value === "string" ? value : JSON.stringify(value), "x.json");

test("trainer/schema/record.schema.json is this schema: npm run schema writes it", () => {
  const written = JSON.parse(readFileSync(join(project, "trainer", "schema", "record.schema.json"), "utf8"));
  expect(written).toEqual(JSON.parse(JSON.stringify(recordJsonSchema())));
});

test("a record comes back as it was", () => {
  expect(parse(full)).toEqual(full);
});

test("a record written before there was an efficiency reads as one where nobody looked", () => {
  const { efficiency: _, ...before } = full;
  expect(parse(before)).toEqual({ ...full, efficiency: null });
});

describe("what is refused, with its path, what was wanted and what was found", () => {
  const edited = (edit: (record: Record<string, never> & RunRecord) => void) => {
    const copy = structuredClone(full) as Record<string, never> & RunRecord;
    edit(copy);
    return copy;
  };
  test.each<[string, unknown, string]>([
    ["another schema", { ...full, schema: 2 }, "x.json: schema: wanted 1, found 2."],
    ["no schema", { id: "x" }, "x.json: schema: wanted 1, found nothing."],
    ["a list", [], "x.json: schema: wanted 1, found nothing."],
    ["null", null, "x.json: schema: wanted 1, found nothing."],
    ["an unknown key", { ...full, extra: 1 }, "x.json: extra: wanted no such key, found 1."],
    [
      "an unknown key inside",
      edited((record) => Object.assign(record.world, { gpus: 8 })),
      "x.json: world.gpus: wanted no such key, found 8.",
    ],
    [
      "a missing key",
      { ...full, seed: undefined },
      "x.json: seed: wanted a value of type number, found nothing.",
    ],
    ["a wrong type", { ...full, repeat: "0" }, 'x.json: repeat: wanted a value of type number, found "0".'],
    [
      "a word outside the set",
      { ...full, outcome: "fine" },
      'x.json: outcome: wanted "ok" or "failed" or "timeout" or "out-of-memory" or "diverged", found "fine".',
    ],
    [
      "an id that is a path",
      { ...full, id: "../../etc/passwd" },
      'x.json: id: wanted text like /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, found "../../etc/passwd".',
    ],
    [
      "a node that is a path",
      edited((record) => record.world.nodes.push("a/b")),
      "x.json: world.nodes.1: wanted text like",
    ],
    [
      "steps of unequal length",
      edited((record) => record.steps?.loss.pop()),
      "x.json: steps.loss: wanted 3 values, as steps.seconds has, found 2.",
    ],
    [
      "ok with an error",
      { ...full, error: { code: "E_X", message: "" } },
      "x.json: error: wanted null, found an error.",
    ],
    [
      "failed without one",
      { ...full, outcome: "failed" },
      "x.json: error: wanted a code and a message, found null.",
    ],
    [
      "negative seconds",
      edited((record) => Object.assign(record.phases, { train: -1 })),
      "x.json: phases.train: wanted Too small: expected number to be >=0, found -1.",
    ],
    [
      "a share above one",
      edited((record) => Object.assign(record.efficiency?.shares ?? {}, { launch: 1.5 })),
      "x.json: efficiency.shares.launch: wanted Too big: expected number to be <=1, found 1.5.",
    ],
    [
      "a question asked twice",
      edited((record) => record.evaluation?.tuned.push(record.evaluation.tuned[0] as never)),
      'x.json: evaluation.tuned: wanted each question once, found "q00000" twice.',
    ],
    [
      "other questions before training than after",
      edited((record) => record.evaluation?.untuned?.pop()),
      "x.json: evaluation.untuned: wanted the questions of evaluation.tuned, found others.",
    ],
    [
      "three log-probabilities",
      edited((record) => record.evaluation?.tuned[0]?.logProbabilities.pop()),
      "x.json: evaluation.tuned.0.logProbabilities: wanted",
    ],
  ])("%s", (_, value, message) => {
    expect(() => parse(value)).toThrow(message);
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: "E_RECORD", exitCode: 2 }));
  });

  test.each([
    ["NaN", '"total":14', '"total":NaN', "one whole JSON document"],
    ["a number too large for JSON", '"total":14', '"total":1e999', "phases.total"],
    ["one hidden in the config", '"rank":8', '"rank":1e999', "config.lora.rank: wanted a finite number"],
    [
      "one hidden in the facts",
      '"cores":2',
      '"cores":-1e999',
      "fingerprints.0.facts.cores: wanted a finite number",
    ],
  ])("%s", (_, from, to, message) => {
    const text = JSON.stringify(full);
    expect(text).toContain(from);
    expect(() => parse(text.replace(from, to))).toThrow(message);
  });

  test("nothing, whitespace, and a record cut anywhere", () => {
    expect(() => parse("")).toThrow("wanted one whole JSON document, found nothing");
    expect(() => parse(" \n")).toThrow("found nothing");
    const text = JSON.stringify(full);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length - 1 }), (length) => {
        expect(() => parse(text.slice(0, length))).toThrow("it may be truncated");
      }),
    );
  });

  test("nesting beyond the limit, in linear time and without recursion, whatever its shape", () => {
    for (const open of ["[", '{"a":', '[{"a":'])
      expect(() => parse(open.repeat(10_000_000 / open.length))).toThrow(
        `at most ${maxNesting} levels of nesting`,
      );
    expect(() => parse(`{"schema":1,"config":${"[".repeat(maxNesting)}${"]".repeat(maxNesting)}}`)).toThrow(
      "levels of nesting",
    );
  });

  test("more bytes than a record may have", () => {
    expect(() => parse(" ".repeat(maxRecordBytes + 1))).toThrow(
      `at most ${maxRecordBytes} bytes, found ${maxRecordBytes + 1}`,
    );
  });

  test("keys that other languages' objects trip over", () => {
    for (const key of ["__proto__", "constructor", "toString"])
      expect(() =>
        parse(JSON.stringify(full).replace('"schema":1', `"schema":1,"${key}":{"schema":1}`)),
      ).toThrow(expect.objectContaining({ name: "RocmarkError" }));
    expect(({} as { schema?: number }).schema).toBe(undefined);
  });
});

describe("in the store", () => {
  test("a record's file is named after its id", () => {
    const text = JSON.stringify(full);
    expect(parseStoredRecord(text, `/records/${full.id}.json`)).toEqual(full);
    expect(() => parseStoredRecord(text, "/records/other.json")).toThrow(
      "id: wanted other, found 20261124T000000-00000001",
    );
  });

  test.each(["/etc", "../adapters/x", "adapters/another", "adapters/20261124T000000-00000001/../../x"])(
    "an adapter at %s is refused",
    (path) => {
      const record = { ...full, adapter: { path, sha256: "a".repeat(64), parameters: 1 } };
      expect(() => parseStoredRecord(JSON.stringify(record), `${full.id}.json`)).toThrow(
        "adapter.path: wanted adapters/20261124T000000-00000001",
      );
    },
  );
});

test("nesting is counted outside strings only, escapes included", () => {
  expect(nestingDepth('{"a": "[[[\\"[[[", "b": [1, {}]}', 100)).toBe(3);
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => {
      const depth = (value: unknown): number =>
        value === null || typeof value !== "object" ? 0 : 1 + Math.max(0, ...Object.values(value).map(depth));
      expect(nestingDepth(text, 100)).toBe(depth(JSON.parse(text)));
    }),
  );
});

test("no text makes the parser fail in another way than by its own error", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(() => parse(text)).toThrow(expect.objectContaining({ name: "RocmarkError" }));
    }),
  );
});
