import { estimateSeconds } from "../estimate.ts";
import { renderTable } from "../report/table.ts";
import { seconds } from "../report/words.ts";
import { scheduleRuns } from "../schedule.ts";
import type { RunSummary } from "../store/summary.ts";
import type { Question } from "./question.ts";

/** One run of the order in which arms would take turns. */
export interface Turn {
  arm: string;
  nodes: readonly string[];
  scenario: string;
  repeat: number;
  timeoutSeconds: number;
  /** By earlier runs; null where there are none. */
  estimatedSeconds: number | null;
}

export interface Turns {
  runs: readonly Turn[];
  /** A run without an estimate counts with its time limit. */
  totalSeconds: number;
  numUnknown: number;
}

/** The order in which an experiment's arms would take turns, and how long that takes. */
export function planTurns({ experiment }: Question, earlier: readonly RunSummary[]): Turns {
  const runs = scheduleRuns(experiment).map(({ arm, scenario, repeat }) => ({
    arm: arm.name,
    nodes: arm.nodes,
    scenario: scenario.label,
    repeat,
    timeoutSeconds: scenario.timeoutSeconds,
    estimatedSeconds: estimateSeconds(earlier, `${experiment.name}/${scenario.label}`, arm.name),
  }));
  return {
    runs,
    totalSeconds: runs.reduce((sum, run) => sum + (run.estimatedSeconds ?? run.timeoutSeconds), 0),
    numUnknown: runs.filter((run) => run.estimatedSeconds === null).length,
  };
}

export function renderTurns({ runs, totalSeconds, numUnknown }: Turns): string {
  const rows = runs.map((run, index) => [
    String(index + 1),
    run.scenario,
    run.arm,
    String(run.repeat + 1),
    run.nodes.join(", "),
    run.estimatedSeconds === null ? `at most ${seconds(run.timeoutSeconds)}` : seconds(run.estimatedSeconds),
  ]);
  const basis =
    numUnknown === 0 ? "by earlier runs" : `${numUnknown} of ${runs.length} by their time limit only`;
  const table = renderTable([["run", "scenario", "arm", "repeat", "nodes", "takes"], ...rows]);
  return `${table}\n\nAbout ${Math.ceil(totalSeconds / 60)} min in all, ${basis}.`;
}
