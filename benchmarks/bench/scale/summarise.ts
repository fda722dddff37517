import { median, toSample } from "../../statistics/median.ts";
import type { Preview } from "./preview.ts";

/** The number of nodes that the figures are of. */
const FULL = 1000;

export interface ScaleSummary {
  figures: { secondsPreview1000: number | null; peakMiB: number | null };
  raw: {
    previews: { nodes: number; resources: number; seconds: number[]; peakMiB: number[] }[];
    reasons: Record<string, string>;
  };
}

/** Medians for 1,000 nodes; null with the reason where they were not previewed, or somebody was asked. */
export function summarise(previews: ReadonlyMap<number, readonly Preview[]>, callers: number): ScaleSummary {
  const full = previews.get(FULL) ?? [];
  const reason =
    full.length === 0
      ? `${FULL} nodes were not previewed`
      : callers > 0
        ? `${callers} connections were opened, and a preview of nodes with stated facts needs none`
        : null;
  const middle = (key: "seconds" | "peakMiB") => {
    const sample = toSample(full.map((preview) => preview[key]));
    return reason !== null || sample === null ? null : median(sample);
  };
  return {
    figures: { secondsPreview1000: middle("seconds"), peakMiB: middle("peakMiB") },
    raw: {
      previews: [...previews].map(([nodes, found]) => ({
        nodes,
        resources: found[0]?.resources ?? 0,
        seconds: found.map(({ seconds }) => seconds),
        peakMiB: found.map(({ peakMiB }) => peakMiB),
      })),
      reasons: reason === null ? {} : { secondsPreview1000: reason, peakMiB: reason },
    },
  };
}
