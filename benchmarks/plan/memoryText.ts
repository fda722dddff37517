import { renderTable } from "../report/table.ts";
import type { MemoryNeed, MemoryPlan } from "./memory.ts";

/** What each arm needs of a GPU's memory, and a table of the GPUs that it was held against; arms that need the same share one. */
export function renderMemory(needs: readonly MemoryNeed[]): string {
  const arms = new Map<string, MemoryNeed[]>();
  for (const need of needs) {
    const text = renderPlan(need.plan);
    arms.set(text, [...(arms.get(text) ?? []), need]);
  }
  return [...arms]
    .map(([text, [first, ...others]]) => {
      const names = [first, ...others].map((need) => need?.arm).join(" and ");
      return `Memory of ${names}, at most (in ${first?.scenario}): ${text}`;
    })
    .join("\n\n");
}

function renderPlan({ model, recipe, precision, batch, predicted, assumed, gpus }: MemoryPlan): string {
  const parts = Object.entries(predicted.partsGiB)
    .filter(([, size]) => size >= 0.005)
    .map(([part, size]) => `${part} ${size.toFixed(2)}`);
  return [
    `${model}, recipe ${recipe}, ${precision}, no quantisation, ${batch.key} ${batch.samples}`,
    `  predicted peak ${predicted.peakGiB.toFixed(2)} GiB (${predicted.moment}): ${parts.join(", ")}; ` +
      `evaluation at most ${predicted.evaluationAtMostGiB.toFixed(2)} GiB`,
    `  ${lengths(assumed)}; ${Math.round(100 * assumed.reservedShare)} % of a GPU's memory is left alone`,
    "",
    renderTable([
      ["GPU", "memory", "needed", "usable", "fits", "headroom", "largest batch"],
      ...gpus.map(toRow),
    ]),
  ].join("\n");
}

const lengths = ({ longest, meanLength, targetShare }: MemoryPlan["assumed"]): string =>
  meanLength === longest && targetShare === 1
    ? `every sample taken for ${longest} tokens, all with loss: an upper bound`
    : `samples of ${meanLength} tokens on average, ${longest} at most, ${Math.round(100 * targetShare)} % of them with loss`;

const toRow = (gpu: MemoryPlan["gpus"][number]): string[] => [
  gpu.name,
  `${gpu.memoryGB} GB`,
  `${gpu.neededGiB.toFixed(1)} GiB`,
  `${gpu.usableGiB.toFixed(1)} GiB`,
  gpu.refused ?? (gpu.fits ? "yes" : "no"),
  gpu.refused === null ? `${gpu.headroomGiB.toFixed(1)} GiB, ${gpu.headroomPercent.toFixed(0)} %` : "-",
  gpu.refused === null ? String(gpu.largestBatch) : "-",
];
