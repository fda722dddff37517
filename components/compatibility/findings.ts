import type { Finding, RuleName } from "./request.ts";
import type { SourceKey } from "./sources.ts";

type Parts = Omit<Finding, "rule" | "verdict" | "missingFact">;

/** One rule's findings: its name and the keys it turns on, said once. */
export function about(rule: RuleName, keys: readonly string[]) {
  const finding = (
    verdict: Finding["verdict"],
    parts: Omit<Parts, "keys">,
    missingFact = false,
  ): Finding => ({
    rule,
    verdict,
    keys,
    ...parts,
    missingFact,
  });
  return {
    holds: (wanted: string, found: string, ...sources: SourceKey[]) =>
      finding("holds", { wanted, found, sources, next: "" }),
    broken: (wanted: string, found: string, next: string, ...sources: SourceKey[]) =>
      finding("broken", { wanted, found, sources, next }),
    unknown: (wanted: string, found: string, next: string, ...sources: SourceKey[]) =>
      finding("unknown", { wanted, found, sources, next }),
    /** The node has not said {@link fact}. */
    silent: (wanted: string, fact: string, next: string, ...sources: SourceKey[]) =>
      finding("unknown", { wanted, found: `the node has not said its ${fact}`, sources, next }, true),
  };
}

/** "a, b or c". */
export const oneOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

/** The sources of rows, each once, in the alphabet's order, so that no order of rows shows through. */
export const sourcesOf = (rows: readonly { source: SourceKey }[]): SourceKey[] =>
  [...new Set(rows.map(({ source }) => source))].sort();
