import { median, toSample } from "../../statistics/median.ts";
import type { Times } from "./measure.ts";
import type { Side } from "./sides/side.ts";

export interface Summary {
  figures: Record<"vsPyinfra" | "vsAnsible" | "vsSsh" | "secondsUp" | "secondsUnchanged", number | null>;
  /** Why a figure is null, as the end of a sentence. */
  reasons: Record<string, string>;
}

/**
 * Ratios of medians, above 1 where rocmark takes less time.
 *
 * @param missing why a side was not measured, by its name
 */
export function summarise(
  times: ReadonlyMap<Side["name"], Times>,
  missing: Readonly<Record<string, string>>,
): Summary {
  const reasons: Record<string, string> = {};
  const middle = (side: Side["name"], key: "cold" | "again") => {
    const sample = toSample(times.get(side)?.[key] ?? []);
    return sample === null ? null : median(sample);
  };
  const up = middle("rocmark", "cold");
  const against = (figure: string, side: Side["name"]) => {
    const other = middle(side, "cold");
    if (other !== null && up !== null) return round(other / up);
    reasons[figure] = missing[side] ?? "it was not measured";
    return null;
  };
  let unchanged = middle("rocmark", "again");
  const logins = (times.get("rocmark")?.loginsAgain ?? []).reduce((sum, count) => sum + count, 0);
  if (logins > 0) {
    unchanged = null;
    reasons.secondsUnchanged = `updates with nothing changed opened ${logins} connections, and none was allowed`;
  }
  return {
    figures: {
      vsPyinfra: against("vsPyinfra", "pyinfra"),
      vsAnsible: against("vsAnsible", "ansible"),
      vsSsh: against("vsSsh", "ssh"),
      secondsUp: up,
      secondsUnchanged: unchanged,
    },
    reasons,
  };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
