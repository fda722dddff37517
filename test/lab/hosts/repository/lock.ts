import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeEmptyWheel } from "./pythonIndex.ts";
import { toCudaTorch, toRocmTorch } from "./torch.ts";
import type { Wheel } from "./wheel.ts";

const locks = join(import.meta.dirname, "../../../../trainer/locks");

/** One requirement of a lock: name, version, and when it is wanted. */
interface Pin {
  name: string;
  version: string;
  /** ` ; python_full_version < '3.11'`, or nothing. */
  marker: string;
}

/** The pins of the trainer's own lock but torch and what only CUDA's build needs. */
function readPins(): Pin[] {
  const text = readFileSync(join(locks, "default.txt"), "utf8");
  return [...text.matchAll(/^([A-Za-z0-9._-]+)==([^ ;\\]+)( ;[^\\\n]*)?/gm)]
    .map(([, name = "", version = "", marker = ""]) => ({ name, version, marker: marker.trimEnd() }))
    .filter(({ name }) => !/^(torch|triton|nvidia-|cuda-)/.test(name));
}

/** Empty packages with the names and versions of the trainer's lock: what the lab's PyPI carries. */
export const toLockedWheels = (): Wheel[] =>
  readPins().map(({ name, version }) => makeEmptyWheel(name, version));

/**
 * A lock with hashes for the lab's packages, as `trainer/locks/default.txt` is one for the real ones.
 *
 * @param torch `2.10.0+rocm7.1` for one of PyTorch's indexes, `2.11.0` for PyPI's, which is CUDA's
 */
export function makeLock(torch: string): string {
  const [, rocm] = torch.split("+");
  const offered = rocm === undefined ? toCudaTorch() : (toRocmTorch(rocm) ?? []);
  const wheels = offered.filter(({ version }) => version === torch);
  if (wheels.length === 0) throw new RangeError(`The lab has no wheel of torch ${torch}.`);
  const rest = readPins().map((pin) => toRequirement(pin, [makeEmptyWheel(pin.name, pin.version)]));
  return [...rest, toRequirement({ name: "torch", version: torch, marker: "" }, wheels)].join("");
}

const toRequirement = ({ name, version, marker }: Pin, wheels: readonly Wheel[]): string =>
  `${[`${name}==${version}${marker}`, ...wheels.map(({ sha256 }) => `--hash=sha256:${sha256}`)].join(" \\\n    ")}\n`;
