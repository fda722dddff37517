import { clearMargin, judgeShares } from "../comparison/bottleneck.ts";
import type { RunRecord } from "../record.ts";
import type { ArmEfficiency, ArmRuns } from "./arms.ts";
import { renderMarkdownTable } from "./table.ts";
import { percent, seconds } from "./words.ts";

/** A picture that lies beside the report. */
export interface Picture {
  file: string;
  /** What it says, for whoever does not see it. */
  says: string;
}

/** Where each arm's time goes: phases, what bounds it, how near it comes to its device's ceilings, and its memory. */
export function renderEfficiency(arms: readonly ArmRuns[], picture: Picture | null): string[] {
  if (arms.length === 0) return [];
  const looked = arms.flatMap(({ label, efficiency }) =>
    efficiency === null ? [] : [{ label, efficiency }],
  );
  const remembered = arms.flatMap(({ label, memory }) => (memory === null ? [] : [{ label, memory }]));
  return [
    "## Where the time goes",
    renderPhases(arms),
    ...(looked.length === 0
      ? []
      : [
          "### What bounds each arm",
          looked.map(({ label, efficiency }) => `- ${label}: ${boundSentence(efficiency)}`).join("\n"),
          "### Against what the device can do",
          ...(picture === null ? [] : [`![${picture.says}](${picture.file})`]),
          renderMarkdownTable([
            [
              "arm",
              "device",
              "work a step",
              "FLOP a byte, at most",
              "achieved",
              "matmul ceiling",
              "copy ceiling",
              "share",
            ],
            ...looked.map(({ label, efficiency }) => roofRow(label, efficiency)),
          ]),
        ]),
    ...(remembered.length === 0
      ? []
      : [
          "### Memory, predicted and measured",
          renderMarkdownTable([
            ["arm", "predicted", "peak allocated", "prediction off by"],
            ...remembered.map(({ label, memory: { predictedGiB, peakGiB } }) => [
              label,
              `${predictedGiB.toFixed(2)} GiB`,
              `${peakGiB.toFixed(2)} GiB`,
              peakGiB === 0
                ? "-"
                : `${predictedGiB >= peakGiB ? "+" : ""}${percent(predictedGiB / peakGiB - 1)}`,
            ]),
          ]),
        ]),
  ];
}

type Phases = Partial<RunRecord["phases"]>;
const phaseColumns: readonly [heading: string, of: (phases: Phases) => number | undefined][] = [
  ["import", (phases) => phases.import],
  ["load", (phases) => phases.load],
  ["tokenise", (phases) => phases.tokenise],
  ["compile", (phases) => phases.compile],
  ["train", (phases) => phases.train],
  ["evaluate untuned", (phases) => phases.evaluateUntuned],
  ["evaluate", (phases) => phases.evaluate],
  ["save", (phases) => phases.save],
  ["profile", (phases) => phases.profile],
  ["total", (phases) => phases.total],
];

function renderPhases(arms: readonly ArmRuns[]): string {
  const columns = phaseColumns.filter(([, of]) => arms.some(({ phases }) => of(phases) !== undefined));
  return renderMarkdownTable([
    ["arm, median", "runs", ...columns.map(([heading]) => heading)],
    ...arms.map(({ label, numRuns, phases }) => [
      label,
      String(numRuns),
      ...columns.map(([, of]) => seconds(of(phases) ?? null)),
    ]),
  ]);
}

/** What bounds an arm, as one sentence with its figures; the verdict is bold. */
export function boundSentence({
  shares,
  numRuns,
  onCpu,
}: Pick<ArmEfficiency, "shares" | "numRuns" | "onCpu">): string {
  const { bottleneck, overhead } = judgeShares(shares);
  const whole = (share: number) => `${(100 * share).toFixed(0)} %`;
  const these = numRuns === 1 ? "this run" : `these ${numRuns} runs`;
  const waits = [
    onCpu
      ? `no operator ran ${whole(shares.launch)} of the time`
      : `the device was idle ${whole(shares.launch)} of the time`,
    ...(shares.input >= 0.005 ? [`it waited for samples ${whole(shares.input)}`] : []),
    ...(shares.communication >= 0.005 ? [`it only communicated ${whole(shares.communication)}`] : []),
  ].join(", ");
  const works = [
    `matrix work took ${whole(shares.matmul)}`,
    `memory traffic ${whole(shares.memory)}`,
    ...(shares.attention >= 0.005 ? [`attention ${whole(shares.attention)}`] : []),
  ].join(", ");
  if (bottleneck === "cannot tell")
    return `**cannot tell** what bounds ${these}: the two largest shares are less than ${100 * clearMargin} points apart; overhead took ${whole(overhead)}, ${works}.`;
  const name = `**${bottleneck.slice(0, 1).toUpperCase()}${bottleneck.slice(1)}** bounds ${these}`;
  return bottleneck === "overhead" ? `${name}: ${waits}; ${works}.` : `${name}: ${works}; ${waits}.`;
}

function roofRow(label: string, efficiency: ArmEfficiency): string[] {
  const { device, precision, usefulTflopPerStep, intensity, achievedTflops, matmulTflops, copyGBs } =
    efficiency;
  return [
    label,
    `\`${device.replaceAll("`", "'").replaceAll(/\s+/g, " ")}\`, ${precision}`,
    `${threeDigits(usefulTflopPerStep)} TFLOP`,
    threeDigits(intensity),
    `${threeDigits(achievedTflops)} TFLOP/s`,
    `${threeDigits(matmulTflops)} TFLOP/s`,
    `${threeDigits(copyGBs)} GB/s`,
    percent(achievedTflops / matmulTflops),
  ];
}

/** A number with three significant digits and no exponent: 0.0123, 4.57, 773, 2510. */
export function threeDigits(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 20));
}
