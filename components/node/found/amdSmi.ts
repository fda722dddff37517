import { jsonDocuments } from "./jsonDocuments.ts";

/** One GPU as `amd-smi static --json` tells of it; null for what it does not say or calls "N/A". */
export interface SmiGpu {
  index: number;
  /** "AMD Instinct MI300X", with " VF" for a virtual function. */
  name: string | null;
  /** Four hexadecimal digits, "74a1". */
  deviceId: string | null;
  /** Version of the amdgpu module, "6.16.6". */
  driver: string | null;
  memoryMiB: number | null;
}

type Node = Record<string, unknown>;

/**
 * The GPUs of an `amd-smi static --json --asic --vram --driver`, each once, by index.
 *
 * Two shapes: an array of GPUs before amd-smi 26 (ROCm 6), `{"gpu_data": [...]}` from then on (ROCm/rocm-systems#223).
 * Some versions print a document twice, or warnings around it (rocm-systems#2720, #3067, #3068). Any value may be "N/A".
 */
export function parseAmdSmi(text: string): SmiGpu[] {
  const entries = jsonDocuments(text)
    .flatMap((document) => (isNode(document) && "gpu_data" in document ? document.gpu_data : document))
    .filter(isNode);
  const gpus = new Map<number, SmiGpu>();
  for (const entry of entries) {
    const index = toNumber(entry.gpu);
    if (index === null || gpus.has(index)) continue;
    const [asic, driver, vram] = [entry.asic, entry.driver, entry.vram].map((part) =>
      isNode(part) ? part : {},
    );
    gpus.set(index, {
      index,
      name: toText(asic?.market_name),
      deviceId: toText(asic?.device_id)?.replace(/^0x/i, "").toLowerCase() ?? null,
      driver: toText(driver?.version),
      memoryMiB: toMiB(vram?.size),
    });
  }
  return [...gpus.values()].sort((a, b) => a.index - b.index);
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const toText = (value: unknown): string | null =>
  typeof value === "string" && !/^(n\/a|\s*)$/i.test(value) ? value.trim() : null;

function toNumber(value: unknown): number | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

/** `{"value": 196592, "unit": "MB"}`, and the same as text, "196592 MB"; AMD's MB are MiB, its GB GiB. */
function toMiB(size: unknown): number | null {
  const [value, unit] = isNode(size)
    ? [size.value, size.unit]
    : [...(/^\s*([\d.]+)\s*([A-Za-z]+)\s*$/.exec(String(size)) ?? [])].slice(1);
  const number = toNumber(value);
  if (number === null) return null;
  return /^g/i.test(String(unit)) ? number * 1024 : number;
}
