import type { z } from "zod";
import { recordRefused } from "./errors.ts";
import { nestingDepth } from "./nesting.ts";
import { type RunRecord, recordSchema } from "./record.ts";

/** Bytes a record may have. One with 4,183 questions asked twice has about 2 MB. */
export const maxRecordBytes = 64 * 1024 * 1024;

/** Levels of nesting a record may have. Ours have 7. */
export const maxNesting = 64;

/**
 * A record from text that anyone may have written: size, nesting, schema number, shape, finite numbers, in that order.
 *
 * `file` only names the source in an error. Throws {@link recordRefused} with the path inside the document.
 */
export function parseRecord(text: string, file: string): RunRecord {
  if (text.length > maxRecordBytes)
    throw recordRefused(file, "", `at most ${maxRecordBytes} bytes`, `${text.length}`);
  if (nestingDepth(text, maxNesting) > maxNesting)
    throw recordRefused(file, "", `at most ${maxNesting} levels of nesting`, "more");

  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw recordRefused(file, "", "one whole JSON document", jsonProblem(text, cause));
  }
  const schema = (document as { schema?: unknown } | null)?.schema;
  if (schema !== 1) throw recordRefused(file, "schema", "1", JSON.stringify(schema) ?? "nothing");

  const parsed = recordSchema.safeParse(document);
  if (!parsed.success) {
    const { path, wanted, found } = describeIssue(parsed.error.issues[0], document);
    throw recordRefused(file, path, wanted, found);
  }
  refuseInconsistent(parsed.data, file);
  return parsed.data;
}

/** A record as the store holds it: named after its id, its adapter inside the store and nowhere else. */
export function parseStoredRecord(text: string, file: string): RunRecord {
  const record = parseRecord(text, file);
  const named = file.replace(/^.*[\\/]/, "");
  if (named !== `${record.id}.json`) throw recordRefused(file, "id", named.replace(/\.json$/, ""), record.id);
  const inside = `adapters/${record.id}`;
  if (record.adapter !== null && record.adapter.path !== inside)
    throw recordRefused(file, "adapter.path", inside, JSON.stringify(record.adapter.path.slice(0, 200)));
  return record;
}

function refuseInconsistent(record: RunRecord, file: string): void {
  const badNumber = pathOfNonFinite({ config: record.config, fingerprints: record.fingerprints }, "");
  if (badNumber !== null) throw recordRefused(file, badNumber, "a finite number", "one too large for JSON");
  if (record.steps !== null) {
    const numSteps = record.steps.seconds.length;
    for (const [key, values] of Object.entries(record.steps))
      if (values.length !== numSteps)
        throw recordRefused(
          file,
          `steps.${key}`,
          `${numSteps} values, as steps.seconds has`,
          `${values.length}`,
        );
  }
  const tuned = questionIds(record.evaluation?.tuned ?? [], file, "tuned");
  const untuned = questionIds(record.evaluation?.untuned ?? [], file, "untuned");
  if (
    tuned.size > 0 &&
    untuned.size > 0 &&
    (tuned.size !== untuned.size || [...tuned].some((id) => !untuned.has(id)))
  )
    throw recordRefused(file, "evaluation.untuned", "the questions of evaluation.tuned", "others");
  const failed = record.outcome !== "ok";
  if (failed !== (record.error !== null))
    throw recordRefused(
      file,
      "error",
      failed ? "a code and a message" : "null",
      failed ? "null" : "an error",
    );
}

function questionIds(questions: readonly { id: string }[], file: string, state: string): Set<string> {
  const ids = new Set<string>();
  for (const { id } of questions) {
    if (ids.has(id)) throw recordRefused(file, `evaluation.${state}`, "each question once", `"${id}" twice`);
    ids.add(id);
  }
  return ids;
}

/** JSON has no NaN, but 1e999 parses to Infinity. */
function pathOfNonFinite(value: unknown, path: string): string | null {
  if (typeof value === "number") return Number.isFinite(value) ? null : path;
  if (typeof value !== "object" || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const found = pathOfNonFinite(inner, path === "" ? key : `${path}.${key}`);
    if (found !== null) return found;
  }
  return null;
}

/** The first thing wrong with a document, as path, wanted and found. */
export function describeIssue(
  issue: z.core.$ZodIssue | undefined,
  document: unknown,
): { path: string; wanted: string; found: string } {
  if (issue === undefined) return { path: "", wanted: "a valid document", found: "another" };
  let path = issue.path;
  if (issue.code === "unrecognized_keys") path = [...path, issue.keys[0] ?? "?"];
  let value: unknown = document;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  const wanted =
    issue.code === "unrecognized_keys"
      ? "no such key"
      : issue.code === "invalid_value"
        ? issue.values.map((allowed) => JSON.stringify(allowed)).join(" or ")
        : issue.code === "invalid_type"
          ? `a value of type ${issue.expected}`
          : issue.code === "invalid_format" && "pattern" in issue
            ? `text like ${issue.pattern}`
            : issue.message;
  return { path: path.join("."), wanted, found: shown(value) };
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

function jsonProblem(text: string, cause: unknown): string {
  if (text.trim() === "") return "nothing";
  const reason = cause instanceof Error ? cause.message.split("\n")[0] : "";
  return `${text.length} characters that are none (${reason}); it may be truncated`;
}
