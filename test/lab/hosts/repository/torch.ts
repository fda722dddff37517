import { readFileSync } from "node:fs";
import { join } from "node:path";
import { torchWheels } from "./releases.ts";
import { makeWheel, type Wheel } from "./wheel.ts";

/** Python releases that wheels are made for: Ubuntu 22.04's, Debian 12's and Ubuntu 24.04's. */
const pythonTags = ["cp310", "cp311", "cp312"] as const;

/** What the stand-in says about itself: for ROCm `hip` is set, for CUDA `cuda` is. */
interface Torch {
  /** Version in the wheel's name and metadata. */
  distribution: string;
  /** `torch.__version__`. */
  version: string;
  hip: string | null;
  cuda: string | null;
  /** What it holds code for. Source: PyTorch's .ci/docker/manywheel/build.sh. */
  targets: readonly string[];
}

const rocm6 = ["gfx900", "gfx906", "gfx908", "gfx90a", "gfx942", "gfx1030", "gfx1100"];
const rocm7 = [...rocm6, "gfx950", "gfx1101", "gfx1200", "gfx1201"];

/** PyPI's torch, which a plain `pip install torch` finds: CUDA's, although its version does not say so. */
const cudaVersions = ["2.9.1", "2.10.0", "2.11.0"] as const;

const read = (name: string): string => readFileSync(join(import.meta.dirname, "torch", name), "utf8");
const modules = ["__init__.py", "cuda/__init__.py", "tensor.py"];
const python = (value: string | null): string => (value === null ? "None" : JSON.stringify(value));

function makeTorch({ distribution, version, hip, cuda, targets }: Torch): Wheel[] {
  const files = Object.fromEntries(
    modules.map((path) => [`torch/${path}`, read(path.replace("/__init__", ""))]),
  );
  files["torch/version.py"] =
    `__version__ = ${python(version)}\nhip = ${python(hip)}\ncuda = ${python(cuda)}\n` +
    `targets = ${JSON.stringify(targets)}\n`;
  return pythonTags.map((tag) =>
    makeWheel({
      name: "torch",
      version: distribution,
      tag: `${tag}-${tag}-manylinux_2_28_x86_64`,
      files,
    }),
  );
}

/** The wheels of torch in one of PyTorch's indexes, `rocm7.1` and its like; undefined for one that there is not. */
export function toRocmTorch(index: string): Wheel[] | undefined {
  const found = torchWheels[index];
  return found?.versions.flatMap((release) => {
    const version = `${release}+${index}`;
    const targets = index.startsWith("rocm6") ? rocm6 : rocm7;
    return makeTorch({ distribution: version, version, hip: `${found.hip}-0000000`, cuda: null, targets });
  });
}

/** The wheels of torch in PyPI. */
export const toCudaTorch = (): Wheel[] =>
  cudaVersions.flatMap((release) =>
    makeTorch({
      distribution: release,
      version: `${release}+cu128`,
      hip: null,
      cuda: "12.8",
      targets: ["sm_90"],
    }),
  );
