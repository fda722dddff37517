import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import type { StackRequest } from "../components/compatibility/stack.ts";
import { parsePython, parseRelease, parseWheel } from "../components/compatibility/versions.ts";
import { duplicates, nameSchema } from "./names.ts";

// 7.10 without quotes is the number 7.1 to YAML: only text can be a version.
const version = (isOne: (text: string) => boolean, example: string) => {
  const message = `expected a version in quotes such as "${example}"`;
  return z.string(message).refine(isOne, message);
};
const release = (example: string) => version((text) => parseRelease(text) !== null, example).optional();
const python = version((text) => parsePython(text) !== null, "3.12").optional();
const wheel = version((text) => {
  const parts = parseWheel(text);
  return parts?.torch != null && parts.rocm !== null;
}, "2.10.0+rocm7.1");
const lock = z.string().min(1);

const variantName = nameSchema.refine(
  (name) => name !== "default",
  'expected another name: "default" is the stack\'s own environment',
);

/** `rocmark:software`: what is pinned, and how far rocmark may go on a host to get there. */
export const softwareSchema = z
  .strictObject({
    minFreeDiskGiB: z.number().positive().default(8),
    driver: release("30.20.1"),
    rocm: release("7.1.1"),
    pytorch: wheel.optional(),
    python,
    packages: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]*$/, "expected a package's name, without a version"))
      .default([]),
    lock: lock.optional(),
    variants: z.array(z.strictObject({ name: variantName, pytorch: wheel, python, lock })).default([]),
    allowUnknown: z.boolean().default(false),
    reboot: z
      .strictObject({
        allowed: z.boolean().default(true),
        timeoutMinutes: z.number().positive().max(240).default(20),
      })
      .prefault({}),
    kernelUpdates: z.enum(["hold", "report"]).default("hold"),
    removeOnDestroy: z.boolean().default(false),
    takeOverSources: z.boolean().default(false),
  })
  .prefault({});

export type SoftwareConfig = z.output<typeof softwareSchema>;

/** Whether a file is there; paths are relative to the project's folder. */
export type FileExists = (path: string) => boolean;

export const inProject: FileExists = (path) => existsSync(resolve(dirname(import.meta.dirname), path));

/** One PyTorch environment on every node: its pins and the lock that it is installed from. */
export interface EnvironmentPins {
  pytorch?: string | undefined;
  python?: string | undefined;
  lock?: string | undefined;
}

/** Names of the environments on every node, the stack's own first. */
export const environmentNames = ({ variants }: SoftwareConfig): string[] => [
  "default",
  ...variants.map(({ name }) => name),
];

/** The pins of an environment; a variant without a Python of its own has the stack's. */
export function environmentPins(software: SoftwareConfig, name: string): EnvironmentPins {
  if (name === "default") return { pytorch: software.pytorch, python: software.python, lock: software.lock };
  const variant = software.variants.find((entry) => entry.name === name);
  if (variant === undefined) throw new RangeError(`The stack has no environment "${name}".`);
  return { pytorch: variant.pytorch, python: variant.python ?? software.python, lock: variant.lock };
}

/** What the version matrix is asked for the stack; null where nothing is pinned and nodes stay as they are. */
export function stackRequest({
  driver,
  rocm,
  pytorch,
  python,
  packages,
  variants,
}: SoftwareConfig): StackRequest | null {
  if ([driver, rocm, pytorch, python].every((pin) => pin === undefined) && variants.length === 0) return null;
  return {
    driver,
    rocm,
    pytorch,
    python,
    packages,
    variants: variants.map(({ name, pytorch, python }) => ({ name, pytorch, python })),
  };
}

/** What must fit together within `rocmark:software`; each problem names its key as the user typed it. */
export function softwareProblems(software: SoftwareConfig, target: string, exists: FileExists): string[] {
  if (target === "local") return pinnedKeys(software).map((key) => `${key}: ${noPins}`);
  const { pytorch, rocm, packages, variants } = software;
  const problems: string[] = [];
  for (const name of duplicates(variants.map((entry) => entry.name))) {
    problems.push(`rocmark:software.variants: two variants are called "${name}"`);
  }
  if (pytorch === undefined && software.lock !== undefined)
    problems.push(
      "rocmark:software.lock: a lock is for the PyTorch that rocmark:software.pytorch pins, found none pinned",
    );
  if (pytorch !== undefined && software.lock === undefined)
    problems.push(`rocmark:software.lock: expected the lock of ${pytorch}, found nothing; ${writeLock}`);
  if (rocm === undefined && packages.length > 0)
    problems.push(
      "rocmark:software.packages: ROCm's packages need the release that rocmark:software.rocm pins, found none pinned",
    );
  const locks = [
    { key: "rocmark:software.lock", path: software.lock },
    ...variants.map((entry, index) => ({
      key: `rocmark:software.variants.${index}.lock`,
      path: entry.lock,
    })),
  ];
  for (const { key, path } of locks) {
    if (path !== undefined && !exists(path))
      problems.push(`${key}: no such file, found "${path}"; ${writeLock}`);
  }
  return problems;
}

const writeLock = "write it with `npx rocmark lock` on a machine that reaches PyTorch's index";
const noPins = "emulated nodes install no drivers and no ROCm; pins are for target ssh";

function pinnedKeys(software: SoftwareConfig): string[] {
  const { driver, rocm, pytorch, python, lock, packages, variants } = software;
  const keys = Object.entries({ driver, rocm, pytorch, python, lock })
    .filter(([, pin]) => pin !== undefined)
    .map(([key]) => key);
  return [
    ...keys,
    ...(packages.length > 0 ? ["packages"] : []),
    ...(variants.length > 0 ? ["variants"] : []),
  ].map((key) => `rocmark:software.${key}`);
}
