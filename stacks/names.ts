import { z } from "zod";

/** A name that goes into host names, folders and resource names. */
export const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "expected lower-case letters, digits and dashes");

/** Names that are there more than once, each once. */
export const duplicates = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, at) => names.indexOf(name) !== at)),
];
