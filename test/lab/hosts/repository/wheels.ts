import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { torchWheels } from "./releases.ts";
import { toZip } from "./zip.ts";

/** Python releases that wheels are made for: Ubuntu 22.04's, Debian 12's and Ubuntu 24.04's. */
const pythonTags = ["cp310", "cp311", "cp312"] as const;

/** A wheel of a stand-in for torch. */
export interface Wheel {
  fileName: string;
  content: Buffer;
  /** Hexadecimal, as an index gives it after `#sha256=`. */
  sha256: string;
}

/** What the stand-in says about itself: for ROCm `hip` is set, for CUDA `cuda` is. */
interface Torch {
  /** Version in the wheel's name and metadata. */
  distribution: string;
  /** `torch.__version__`. */
  version: string;
  hip: string | null;
  cuda: string | null;
}

const read = (name: string): string => readFileSync(join(import.meta.dirname, "torch", name), "utf8");
const python = (value: string | null): string => (value === null ? "None" : JSON.stringify(value));

function makeTorch({ distribution, version, hip, cuda }: Torch, tag: string): Wheel {
  const info = `torch-${distribution}.dist-info`;
  const platform = `${tag}-${tag}-manylinux_2_28_x86_64`;
  const files: Record<string, string> = {
    "torch/__init__.py": read("init.py"),
    "torch/cuda/__init__.py": read("cuda.py"),
    "torch/version.py": `__version__ = ${python(version)}\nhip = ${python(hip)}\ncuda = ${python(cuda)}\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: torch\nVersion: ${distribution}\nSummary: stand-in of a lab\n`,
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nGenerator: rocmark-lab\nRoot-Is-Purelib: false\nTag: ${platform}\n`,
  };
  const record = Object.entries(files).map(([path, text]) => {
    const hash = createHash("sha256").update(text).digest("base64url");
    return `${path},sha256=${hash},${Buffer.byteLength(text)}`;
  });
  files[`${info}/RECORD`] = `${[...record, `${info}/RECORD,,`].join("\n")}\n`;
  const content = toZip(files);
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { fileName: `torch-${distribution}-${platform}.whl`, content, sha256 };
}

/**
 * The wheels of an index by its name: `rocm7.1` and its like have ROCm's, `simple` has the one that a plain
 * `pip install torch` finds, which is CUDA's. Undefined for an index that there is not.
 */
export function toWheels(index: string): Wheel[] | undefined {
  const rocm = torchWheels[index];
  const torches: Torch[] =
    index === "simple"
      ? [{ distribution: "2.10.0", version: "2.10.0+cu128", hip: null, cuda: "12.8" }]
      : (rocm?.versions ?? []).map((release) => {
          const version = `${release}+${index}`;
          return { distribution: version, version, hip: `${rocm?.hip}-stub`, cuda: null };
        });
  if (torches.length === 0) return undefined;
  return torches.flatMap((torch) => pythonTags.map((tag) => makeTorch(torch, tag)));
}

/** A project's page in an index (PEP 503). `+` in a file name has to be escaped in an address. */
export const toIndexPage = (directory: string, wheels: readonly Wheel[]): string => {
  const links = wheels.map(({ fileName, sha256 }) => {
    const address = `${directory}/${encodeURIComponent(fileName)}#sha256=${sha256}`;
    return `<a href="${address}">${fileName}</a><br/>`;
  });
  return `<!DOCTYPE html>\n<html>\n<body>\n<h1>Links for torch</h1>\n${links.join("\n")}\n</body>\n</html>\n`;
};
