import type { SourceKey } from "./sources.ts";

/** One value of an installation, where it comes from. */
export interface Traced<T> {
  value: T;
  /** The row, "drivers 30.20.1", or "layout" for what is the same in every release. */
  row: string;
  source: SourceKey;
}

/** Values of one row. */
export const at =
  (row: string, source: SourceKey) =>
  <T>(value: T): Traced<T> => ({ value, row, source });
