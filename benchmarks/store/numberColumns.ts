import type { Efficiency, RunRecord } from "../record.ts";

/**
 * Phases and efficiency as columns of numbers. A text a run would have to be parsed, which for 100,000 runs takes longer
 * than all the rest of reading them.
 */

type Phases = RunRecord["phases"];
type Cell = number | null;

/** The phases in the order of their columns. */
export const phaseNames = Object.keys({
  import: true,
  load: true,
  tokenise: true,
  compile: true,
  train: true,
  evaluateUntuned: true,
  evaluate: true,
  save: true,
  profile: true,
  total: true,
} satisfies Record<keyof Phases, true>) as readonly (keyof Phases)[];

const precisions: readonly Efficiency["ceilings"]["precision"][] = ["fp32", "fp16", "bf16"];

/** The efficiency's numbers in the order of their columns. */
export const efficiencyNames = [
  "matmul_tflops",
  "copy_gbs",
  "ceiling_precision",
  "ceiling_size",
  "useful_tflop_per_step",
  "bytes_per_step",
  "achieved_tflops",
  "ceiling_share",
  "share_busy",
  "share_matmul",
  "share_attention",
  "share_memory",
  "share_communication",
  "share_input",
  "share_launch",
  "profiled_steps",
  "pass_tokens",
] as const;

/** A cell a phase; null where there was none. */
export const phaseCells = (phases: Phases): Cell[] => phaseNames.map((name) => phases[name] ?? null);

/** The phases of row `row`, from their columns. */
export function toPhases(columns: readonly (readonly Cell[])[], row: number): Phases {
  const phases: Phases = { total: 0 };
  for (const [i, name] of phaseNames.entries()) {
    const seconds = columns[i]?.[row];
    if (typeof seconds === "number") phases[name] = seconds;
  }
  return phases;
}

/** A cell a number; all null where nobody looked. */
export function efficiencyCells(efficiency: Efficiency | null): Cell[] {
  if (efficiency === null) return efficiencyNames.map(() => null);
  const { ceilings, shares } = efficiency;
  return [
    ...[ceilings.matmulTflops, ceilings.copyGBs, precisions.indexOf(ceilings.precision), ceilings.size],
    ...[efficiency.usefulTflopPerStep, efficiency.bytesPerStep],
    ...[efficiency.achievedTflops, efficiency.ceilingShare],
    ...[shares.busy, shares.matmul, shares.attention, shares.memory],
    ...[shares.communication, shares.input, shares.launch],
    ...[efficiency.profiledSteps, efficiency.passTokens],
  ];
}

/** The efficiency of row `row`, from its columns. */
export function toEfficiency(columns: readonly (readonly Cell[])[], row: number): Efficiency | null {
  const at = (column: number) => columns[column]?.[row] as number;
  if (columns[0]?.[row] == null) return null;
  return {
    ceilings: {
      matmulTflops: at(0),
      copyGBs: at(1),
      precision: precisions[at(2)] as Efficiency["ceilings"]["precision"],
      size: at(3),
    },
    usefulTflopPerStep: at(4),
    bytesPerStep: at(5),
    achievedTflops: at(6),
    ceilingShare: at(7),
    shares: {
      busy: at(8),
      matmul: at(9),
      attention: at(10),
      memory: at(11),
      communication: at(12),
      input: at(13),
      launch: at(14),
    },
    profiledSteps: at(15),
    passTokens: at(16),
  };
}
