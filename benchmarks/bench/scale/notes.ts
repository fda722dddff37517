import { z } from "zod";
import { median } from "../../statistics/median.ts";

const values = z.tuple([z.number()], z.number());

const rawSchema = z.looseObject({
  previews: z.array(z.looseObject({ nodes: z.int(), resources: z.int(), seconds: values, peakMiB: values })),
});

/** Each number of nodes that was previewed, so that one sees how time and memory grow. */
export const scaleNotes = (raw: unknown): string[] =>
  rawSchema
    .parse(raw)
    .previews.map(
      ({ nodes, resources, seconds, peakMiB }) =>
        `${nodes} nodes, ${resources} resources: ${median(seconds).toFixed(1)} s, ${Math.round(median(peakMiB))} MiB`,
    );
