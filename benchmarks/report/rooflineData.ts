import { median, type Sample } from "../statistics/median.ts";
import type { ArmEfficiency, ArmRuns } from "./arms.ts";
import { threeDigits } from "./efficiencyText.ts";
import { percent } from "./words.ts";

/** What one device can do in one precision. */
export interface Roof {
  label: string;
  matmulTflops: number;
  copyGBs: number;
}

/** One arm below its device's roof. */
export interface Point {
  label: string;
  /** Index into the roofs. */
  roof: number;
  /** FLOP a byte. */
  intensity: number;
  /** TFLOP/s. */
  achieved: number;
}

export interface Roofline {
  roofs: Roof[];
  points: Point[];
  /** What the picture shows, as a sentence. */
  finding: string;
  /** From and to, each a power of ten. */
  intensities: [number, number];
  rates: [number, number];
}

/** TFLOP/s that a roof allows at an intensity: bandwidth times intensity, up to the matmul ceiling. */
export function heightOf(roof: Roof, intensity: number): number {
  return Math.min(roof.matmulTflops, (roof.copyGBs * intensity) / 1000);
}

/** FLOP a byte from which on the matmul ceiling is the lower one. */
export function ridgeOf(roof: Roof): number {
  return (1000 * roof.matmulTflops) / roof.copyGBs;
}

/** Roofs and points of the arms that were looked at; null when none was, or none computed anything. */
export function buildRoofline(arms: readonly ArmRuns[]): Roofline | null {
  const looked = arms.flatMap(({ label, efficiency }) =>
    efficiency !== null && efficiency.achievedTflops > 0 && efficiency.intensity > 0 && hasRoof(efficiency)
      ? [{ label, efficiency }]
      : [],
  );
  if (looked.length === 0) return null;
  const devices = Map.groupBy(looked, ({ efficiency }) => `${efficiency.device}, ${efficiency.precision}`);
  const roofs = [...devices].map(([label, group]): Roof => {
    const of = (value: (efficiency: ArmEfficiency) => number) =>
      median(group.map(({ efficiency }) => value(efficiency)) as unknown as Sample);
    return { label, matmulTflops: of((found) => found.matmulTflops), copyGBs: of((found) => found.copyGBs) };
  });
  const points = looked.map(({ label, efficiency: { device, precision, intensity, achievedTflops } }) => ({
    label,
    roof: [...devices.keys()].indexOf(`${device}, ${precision}`),
    intensity,
    achieved: achievedTflops,
  }));
  return {
    roofs,
    points,
    finding: describeFinding(points, roofs),
    intensities: decades([...points.map(({ intensity }) => intensity), ...roofs.map(ridgeOf)]),
    rates: decades([
      ...points.map(({ achieved }) => achieved),
      ...roofs.map(({ matmulTflops }) => 1.3 * matmulTflops),
    ]),
  };
}

const hasRoof = ({ matmulTflops, copyGBs }: ArmEfficiency): boolean => matmulTflops > 0 && copyGBs > 0;

/** The share of its roof that a point reaches. */
export function reach(point: Point, roofs: readonly Roof[]): number {
  return point.achieved / heightOf(roofs[point.roof] as Roof, point.intensity);
}

function describeFinding(points: readonly Point[], roofs: readonly Roof[]): string {
  const ranked = [...points].sort((a, b) => reach(b, roofs) - reach(a, roofs));
  const [best, worst] = [ranked[0], ranked.at(-1)] as [Point, Point];
  if (ranked.length === 1) return `${best.label} reaches ${percent(reach(best, roofs))} of its roof`;
  return `${best.label} comes nearest to its roof (${percent(reach(best, roofs))}), ${worst.label} least near (${percent(reach(worst, roofs))})`;
}

/** A point's text in the picture. */
export function pointLabel(point: Point, roofs: readonly Roof[]): string {
  return `${point.label}: ${threeDigits(point.achieved)} TFLOP/s, ${percent(reach(point, roofs))} of its roof`;
}

/** A roof's text in the picture. */
export function roofLabel(roof: Roof): string {
  return `${roof.label}: ${threeDigits(roof.matmulTflops)} TFLOP/s, ${threeDigits(roof.copyGBs)} GB/s`;
}

/** Powers of ten around some values, at least two decades apart. */
function decades(values: readonly number[]): [number, number] {
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.max(Math.ceil(Math.log10(Math.max(...values))), from + 2);
  return [10 ** from, 10 ** to];
}
