import { newestAlike } from "../comparison/alike.ts";
import { meanShares } from "../comparison/bottleneck.ts";
import type { Efficiency, RunRecord } from "../record.ts";
import { median, toSample } from "../statistics/median.ts";
import type { RunSummary } from "../store/summary.ts";

/** One arm of one experiment: its newest runs that were made alike and ended well. */
export interface ArmRuns {
  experiment: string;
  arm: string;
  /** The arm's name, with its experiment's where the report has several. */
  label: string;
  numRuns: number;
  /** Median seconds; a phase that no run had is missing. */
  phases: Partial<RunRecord["phases"]>;
  memory: { predictedGiB: number; peakGiB: number } | null;
  efficiency: ArmEfficiency | null;
}

/** Medians over an arm's runs that were looked at, but for the shares: the means, because these add up. */
export interface ArmEfficiency {
  numRuns: number;
  /** Name of the device, as the first rank found it. */
  device: string;
  onCpu: boolean;
  precision: Efficiency["ceilings"]["precision"];
  /** What the device can do, in TFLOP/s and GB/s. */
  matmulTflops: number;
  copyGBs: number;
  usefulTflopPerStep: number;
  bytesPerStep: number;
  /** Useful work over the bytes it moves at the least, FLOP a byte: no run can have more. */
  intensity: number;
  achievedTflops: number;
  shares: Efficiency["shares"];
}

/** Every arm that has a run with outcome ok, in the order of experiments and arms. */
export function groupArms(runs: readonly RunSummary[]): ArmRuns[] {
  const groups = Map.groupBy(runs, ({ experiment, arm }) => `${experiment} ${arm}`);
  const several = new Set(runs.map(({ experiment }) => experiment)).size > 1;
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => {
      const ok = newestAlike(group).runs.filter(({ outcome }) => outcome === "ok");
      const [first] = ok;
      return first === undefined ? [] : [describeArm(ok, first, several)];
    });
}

function describeArm(runs: readonly RunSummary[], first: RunSummary, several: boolean): ArmRuns {
  const { experiment, arm } = first;
  const names = Object.keys(
    Object.assign({}, ...runs.map(({ phases }) => phases)),
  ) as (keyof RunRecord["phases"])[];
  const phases: Partial<RunRecord["phases"]> = {};
  for (const name of names) {
    const seconds = middle(runs.map((run) => run.phases[name]));
    if (seconds !== null) phases[name] = seconds;
  }
  const [predictedGiB, peakGiB] = [
    middle(runs.map((run) => run.predictedGiB)),
    middle(runs.map((run) => run.peakAllocatedGiB)),
  ];
  return {
    experiment,
    arm,
    label: several ? `${experiment} ${arm}` : arm,
    numRuns: runs.length,
    phases,
    memory: predictedGiB === null || peakGiB === null ? null : { predictedGiB, peakGiB },
    efficiency: describeEfficiency(runs),
  };
}

function describeEfficiency(runs: readonly RunSummary[]): ArmEfficiency | null {
  const looked = runs.filter((run) => run.efficiency !== null);
  const found = looked.map((run) => run.efficiency as Efficiency);
  const [first] = found;
  if (first === undefined) return null;
  const of = (value: (efficiency: Efficiency) => number) => middle(found.map(value)) as number;
  const name = looked[0]?.conditions.found["installed.device"]?.replaceAll('"', "");
  return {
    numRuns: found.length,
    device: name || looked[0]?.device || "device",
    onCpu: looked[0]?.device === "cpu",
    precision: first.ceilings.precision,
    matmulTflops: of(({ ceilings }) => ceilings.matmulTflops),
    copyGBs: of(({ ceilings }) => ceilings.copyGBs),
    usefulTflopPerStep: of(({ usefulTflopPerStep }) => usefulTflopPerStep),
    bytesPerStep: of(({ bytesPerStep }) => bytesPerStep),
    intensity: of(({ usefulTflopPerStep, bytesPerStep }) => (1e12 * usefulTflopPerStep) / bytesPerStep),
    achievedTflops: of(({ achievedTflops }) => achievedTflops),
    shares: meanShares(found.map(({ shares }) => shares) as [Efficiency["shares"]]),
  };
}

function middle(values: readonly (number | null | undefined)[]): number | null {
  const sample = toSample(values.filter((value) => typeof value === "number"));
  return sample === null ? null : median(sample);
}
