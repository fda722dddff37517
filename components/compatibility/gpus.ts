import { perTable } from "./perTable.ts";
import type { SourceKey } from "./sources.ts";
import { compareVersions } from "./versions.ts";

/** A GPU by the name that people and amd-smi use, and the target that it compiles for. */
export interface GpuRow {
  model: string;
  target: string;
  source: SourceKey;
}

export const gpus = [
  { model: "MI355X", target: "gfx950", source: "requirements724" },
  { model: "MI350X", target: "gfx950", source: "requirements724" },
  { model: "MI325X", target: "gfx942", source: "requirements724" },
  { model: "MI300X", target: "gfx942", source: "requirements724" },
  { model: "MI300A", target: "gfx942", source: "requirements724" },
  { model: "MI250X", target: "gfx90a", source: "requirements724" },
  { model: "MI250", target: "gfx90a", source: "requirements724" },
  { model: "MI210", target: "gfx90a", source: "requirements724" },
  { model: "MI100", target: "gfx908", source: "requirements724" },
  { model: "MI50", target: "gfx906", source: "requirements724" },
  { model: "MI25", target: "gfx900", source: "requirements724" },
  { model: "AI PRO R9700", target: "gfx1201", source: "requirements724" },
  { model: "AI PRO R9600D", target: "gfx1201", source: "requirements724" },
  { model: "PRO V710", target: "gfx1101", source: "requirements724" },
  { model: "PRO W7900", target: "gfx1100", source: "requirements724" },
  { model: "PRO W7800", target: "gfx1100", source: "requirements724" },
  { model: "PRO W7700", target: "gfx1101", source: "requirements724" },
  { model: "PRO W6800", target: "gfx1030", source: "requirements724" },
  { model: "PRO V620", target: "gfx1030", source: "requirements724" },
  { model: "PRO VII", target: "gfx906", source: "requirements724" },
  { model: "RX 9070", target: "gfx1201", source: "requirements724" },
  { model: "RX 9060", target: "gfx1200", source: "requirements724" },
  { model: "RX 7900 XTX", target: "gfx1100", source: "requirements724" },
  { model: "RX 7900 XT", target: "gfx1100", source: "requirements724" },
  { model: "RX 7900 GRE", target: "gfx1100", source: "requirements724" },
  { model: "RX 7800 XT", target: "gfx1101", source: "requirements724" },
  { model: "RX 7700 XT", target: "gfx1101", source: "requirements724" },
  { model: "RX 7700", target: "gfx1101", source: "requirements724" },
  { model: "Radeon VII", target: "gfx906", source: "requirements724" },
] as const satisfies readonly GpuRow[];

/** A target that the kernel driver serves only from a release on. */
export interface FirstDriverRow {
  target: string;
  driver: string;
  source: SourceKey;
}

/** MI355X and MI350X came with driver 30.10. */
export const firstDrivers = [
  { target: "gfx950", driver: "30.10.0", source: "driver3010" },
] as const satisfies readonly FirstDriverRow[];

/** A driver that AMD warns of for one GPU under one kind of virtualisation. */
export interface DriverExceptionRow {
  driver: string;
  model: string;
  target: string;
  virtualisation: "sr-iov";
  source: SourceKey;
}

/** AMD asks users of MI325X under KVM SR-IOV not to take 30.20.0. */
export const driverExceptions = [
  { driver: "30.20.0", model: "MI325X", target: "gfx942", virtualisation: "sr-iov", source: "matrix711" },
] as const satisfies readonly DriverExceptionRow[];

/** Rows in the alphabet's order of their models, so that no order of rows shows through. */
export const byModel = <Row extends { model: string }>(rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => (a.model < b.model ? -1 : 1));

/** The row whose model a GPU's name holds, "AMD Instinct MI300X VF" or "AMD_Instinct_MI300X_OAM"; the longest wins. */
export function findGpu(name: string, rows: readonly GpuRow[]): GpuRow | undefined {
  const words = plain(name);
  return longestFirst(rows).find((row) => words.includes(row.words));
}

const plain = (text: string) => ` ${text.replace(/[^A-Za-z0-9]+/g, " ").toLowerCase()} `;

const longestFirst = perTable((rows: readonly GpuRow[]) =>
  rows
    .map((row) => ({ ...row, words: plain(row.model) }))
    .sort((a, b) => b.model.length - a.model.length || (a.model < b.model ? -1 : 1)),
);

/** The first driver for a target, or null where none is named as the first. */
export function firstDriver(target: string, rows: readonly FirstDriverRow[]): FirstDriverRow | null {
  const named = rows.filter((row) => row.target === target);
  return named.toSorted((a, b) => compareVersions(a.driver, b.driver))[0] ?? null;
}
