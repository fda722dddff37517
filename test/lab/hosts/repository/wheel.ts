import { createHash } from "node:crypto";
import { toZip } from "./zip.ts";

/** A wheel, and what an index says of it. */
export interface Wheel {
  /** Normalised as PEP 503 has it: lower case, dashes. */
  project: string;
  version: string;
  fileName: string;
  content: Buffer;
  /** Hexadecimal, as an index gives it after `#sha256=`. */
  sha256: string;
  /** METADATA alone, which an index offers beside the wheel (PEP 658); null for a wheel that is not the lab's own. */
  metadata: Buffer | null;
}

/** `Typing.Extensions` is `typing-extensions` to an index. Source: PEP 503, normalized names. */
export const toProject = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, "-");

export const sha256 = (content: string | Buffer): string =>
  createHash("sha256").update(content).digest("hex");

/** What a wheel of the lab is made of. */
export interface WheelParts {
  name: string;
  version: string;
  /** `py3-none-any` and its like. */
  tag: string;
  files: Readonly<Record<string, string>>;
}

/** Builds a wheel; the same parts give the same bytes. Source of the format: PyPA, binary distribution format. */
export function makeWheel({ name, version, tag, files }: WheelParts): Wheel {
  const distribution = name.replace(/[-_.]+/g, "_");
  const info = `${distribution}-${version}.dist-info`;
  const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\nSummary: stand-in of a lab\n`;
  const pure = tag.endsWith("-any");
  const all: Record<string, string> = {
    ...files,
    [`${info}/METADATA`]: metadata,
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nGenerator: rocmark-lab\nRoot-Is-Purelib: ${pure}\nTag: ${tag}\n`,
  };
  const record = Object.entries(all).map(([path, text]) => {
    const hash = createHash("sha256").update(text).digest("base64url");
    return `${path},sha256=${hash},${Buffer.byteLength(text)}`;
  });
  all[`${info}/RECORD`] = `${[...record, `${info}/RECORD,,`].join("\n")}\n`;
  const content = toZip(all);
  return {
    project: toProject(name),
    version,
    fileName: `${distribution}-${version}-${tag}.whl`,
    content,
    sha256: sha256(content),
    metadata: Buffer.from(metadata),
  };
}
