import { canonical } from "../store/canonical.ts";
import type { Conditions } from "../store/conditions.ts";
import type { RunSummary } from "../store/summary.ts";

/** The runs of one arm that may be pooled, and how many may not. */
export interface AlikeRuns {
  /** Made under the same conditions, oldest first; failed ones too. */
  runs: RunSummary[];
  /** What they were made under; of a run with outcome ok where there is one, else what was known before it failed. */
  conditions: Conditions | null;
  /** Earlier runs under other conditions: counted, never mixed in. */
  numOlder: number;
}

/**
 * The runs that were made as the newest one was. A store keeps what was measured before a setting, a package or a node
 * changed; pooled with what came after, it would be noise that is none.
 *
 * A run that failed early has no `found` conditions of its own: it belongs where its settings are.
 */
export function newestAlike(runs: readonly RunSummary[]): AlikeRuns {
  const newest = runs.findLast(({ outcome }) => outcome === "ok") ?? runs.at(-1);
  if (newest === undefined) return { runs: [], conditions: null, numOlder: 0 };
  const settings = new Map<string, string>();
  const settingsOf = (run: RunSummary): string => {
    const text = settings.get(run.conditionsDigest) ?? canonical(run.conditions.settings);
    settings.set(run.conditionsDigest, text);
    return text;
  };
  const alike = runs.filter((run) =>
    run.outcome === "ok"
      ? run.conditionsDigest === newest.conditionsDigest
      : settingsOf(run) === settingsOf(newest),
  );
  return { runs: alike, conditions: newest.conditions, numOlder: runs.length - alike.length };
}
