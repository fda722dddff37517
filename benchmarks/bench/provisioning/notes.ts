import { z } from "zod";
import { median, type Sample } from "../../statistics/median.ts";

const seconds = z.tuple([z.number()], z.number());

const rawSchema = z.looseObject({
  nodes: z.int().positive(),
  sides: z.record(z.string(), z.looseObject({ version: z.string(), cold: seconds, again: seconds })),
});

/** What each side took, and which version of it. */
export function provisioningNotes(raw: unknown): string[] {
  const { nodes, sides } = rawSchema.parse(raw);
  const took = Object.entries(sides).map(
    ([name, { version, cold, again }]) => `${name} (${version}): ${range(cold)}, again ${range(again)}`,
  );
  return [
    `${nodes} nodes, each an OpenSSH server on loopback with a host key of its own, checked by every side; in turns, ` +
      `${sides.rocmark?.cold.length ?? 0} repeats.`,
    ...took,
  ];
}

const range = (values: Sample): string =>
  `${median(values).toFixed(1)} s [${Math.min(...values).toFixed(1)}, ${Math.max(...values).toFixed(1)}]`;
