import type { RunRecord } from "../record.ts";
import { canonical, leaves } from "./canonical.ts";

/**
 * What a run was made under, as text by path, so that two runs can be compared field by field.
 *
 * `settings` was known before the run started; `found` was seen while it ran, so a run that failed early lacks parts.
 */
export interface Conditions {
  settings: Record<string, string>;
  found: Record<string, string>;
}

/** Keys of the config that name a run or repeat what stands elsewhere in the record. The seed is compared as a set. */
const identity = new Set(["schema", "run", "code", "fingerprints", "seed"]);

/** The conditions of a record. */
export function conditionsOf(record: RunRecord): Conditions {
  const config = Object.fromEntries(Object.entries(record.config).filter(([key]) => !identity.has(key)));
  // The same bundle is the same code, whatever else has been committed since.
  const { bundle, ...tree } = record.code;
  const code = bundle === null ? tree : { bundle };
  const settings = leaves({ config, code }).filter(([path]) => path !== "config.world.nodes");

  const installed = new Map<string, Set<string>>();
  for (const fingerprint of record.fingerprints)
    for (const [path, text] of leaves(fingerprint.installed))
      installed.set(path, (installed.get(path) ?? new Set()).add(text));
  const found: [string, string][] = [
    ...leaves(record.world).map(([path, text]): [string, string] => [`world.${path}`, text]),
    ...[...installed].map(([path, texts]): [string, string] => [
      `installed.${path}`,
      [...texts].sort().join(" and "),
    ]),
    ...record.fingerprints.flatMap(({ node, facts }) =>
      leaves(facts).map(([path, text]): [string, string] => [`facts.${node}.${path}`, text]),
    ),
  ];
  return { settings: sortedObject(settings), found: sortedObject(found) };
}

function sortedObject(entries: [string, string][]): Record<string, string> {
  return JSON.parse(canonical(Object.fromEntries(entries)));
}
