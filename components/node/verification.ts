import { createHash } from "node:crypto";
import { z } from "zod";
import { factsUnreadable } from "../errors.ts";
import type { Facts } from "./facts.ts";
import { type LockedPackage, normaliseName } from "./lock.ts";

/** What the verification script found on a node. */
export const installedSchema = z.strictObject({
  python: z.string(),
  /** Installed distributions, name to version. */
  packages: z.record(z.string(), z.string()),
  /** `torch.__version__`, and what it was built for: `hip` on ROCm, `cuda` on CUDA builds, null otherwise. */
  torch: z.strictObject({
    version: z.string(),
    hip: z.string().nullable(),
    cuda: z.string().nullable(),
    device: z.string().nullable(),
  }),
  /** The rest is there for a host with pinned software. The loaded amdgpu module. */
  driver: z.strictObject({ module: z.string().nullable(), srcversion: z.string().nullable() }).optional(),
  /** Versions of the driver's and ROCm's packages. */
  system: z.record(z.string(), z.string()).optional(),
  /** ROCm's release in /opt/rocm, null without it. */
  rocm: z.string().nullable().optional(),
  /** What amd-smi calls each GPU. */
  gpus: z.array(z.string()).optional(),
  /** The GPUs' whole instruction sets, with their features. */
  isas: z.array(z.string()).optional(),
});

export type Installed = z.infer<typeof installedSchema>;

/** A node's identity in a comparison: what it is and what is really installed, and one digest over both. */
export interface Fingerprint {
  node: string;
  /** sha256 over facts and installed, keys sorted, in hexadecimal; the node's name is left out. */
  digest: string;
  facts: Facts;
  installed: Installed;
}

/**
 * What the verification script printed, checked.
 *
 * @throws RocmarkError E_FACTS when its last line is not the JSON that was expected.
 */
export function parseInstalled(name: string, text: string): Installed {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  try {
    return installedSchema.parse(JSON.parse(line));
  } catch {
    throw factsUnreadable(
      name,
      `the verification's last line is no report of packages: "${line.slice(0, 80)}"`,
    );
  }
}

/**
 * Each way in which a node differs from what was asked, as one sentence; empty when it is as asked.
 *
 * A locked package that is absent is fine when a marker may exclude it on this platform; one of another version never
 * is. On a ROCm node torch must be a HIP build and not a CUDA one: pip takes the wrong wheel silently.
 */
export function differences(locked: readonly LockedPackage[], installed: Installed, facts: Facts): string[] {
  const found = new Map(
    Object.entries(installed.packages).map(([name, version]) => [normaliseName(name), version]),
  );
  const wrong: string[] = [];
  for (const name of new Set(locked.map((entry) => entry.name))) {
    const wanted = locked.filter((entry) => entry.name === name);
    const version = found.get(name);
    const optional = wanted.every((entry) => entry.marker !== null);
    if (version === undefined ? !optional : !wanted.some((entry) => entry.version === version)) {
      wrong.push(
        `${name}: wanted ${wanted.map((entry) => entry.version).join(" or ")}, found ${version ?? "nothing"}`,
      );
    }
  }
  if (facts.accelerator === "rocm" && installed.torch.hip === null) {
    const build = installed.torch.cuda === null ? "a CPU build" : `a CUDA ${installed.torch.cuda} build`;
    wrong.push(
      `torch ${installed.torch.version}: wanted a ROCm build for ${facts.gpus[0] ?? "this GPU"}, found ${build}`,
    );
  }
  return wrong;
}

/** The fingerprint of a node from its facts and what is installed on it. */
export function fingerprint(node: string, facts: Facts, installed: Installed): Fingerprint {
  const digest = createHash("sha256").update(canonical({ facts, installed })).digest("hex");
  return { node, digest, facts, installed };
}

/** JSON with the keys of every object sorted, so that equal values have equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
