import { createHash } from "node:crypto";

/** JSON with the keys of every object sorted, so that equal values have equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** sha256 of a text, in hexadecimal. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Every leaf of a value by its path, an array being one leaf: `{"training.epochs": "2", "lora.targets": "[...]"}`. */
export function leaves(value: unknown, path = ""): [path: string, text: string][] {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return [[path, canonical(value) ?? "null"]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`));
}
