/** A kernel as Ubuntu names it in `uname -r`. */
export interface Kernel {
  /** "6.8" of 6.8.0-60-generic: what support tables speak of. */
  series: string;
  /** 60 of 6.8.0-60-generic, the number of Ubuntu's build. */
  build: number;
  /** What follows: generic (GA and HWE alike), aws, azure, gcp, oem, lowlatency, ... */
  flavour: string;
}

/** A PyTorch version as pip writes it, "2.10.0+rocm7.1"; either part may be open. */
export interface Wheel {
  torch: string | null;
  /** ROCm that the wheel was built with, "7.1" or "6.2.4". */
  rocm: string | null;
}

/** Order of dotted numbers, "6.4" before "6.4.1" before "30.10"; a part that is missing counts as 0. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one.split("."), other.split(".")];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = Number(a[i] ?? 0) - Number(b[i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

/** A release with its three parts, "7.1" as "7.1.0", which is how AMD means it; null when it is none. */
export function parseRelease(text: string): string | null {
  const parts = /^(\d+)\.(\d+)(?:\.(\d+))?$/.exec(text);
  return parts && `${Number(parts[1])}.${Number(parts[2])}.${Number(parts[3] ?? 0)}`;
}

/** The first two parts, "7.1" of "7.1.1". */
export const toMinor = (version: string): string => version.split(".").slice(0, 2).join(".");

/** Python's minor version of "3.12" or "3.12.3"; null when it is none. */
export function parsePython(text: string): string | null {
  return /^3\.\d+(\.\d+)?$/.test(text) ? toMinor(text) : null;
}

/** "2.10.0+rocm7.1", "2.10.0" or "+rocm7.1"; null when it is none of them. */
export function parseWheel(text: string): Wheel | null {
  const parts = /^(\d+\.\d+(?:\.\d+)?)?(?:\+rocm(\d+\.\d+(?:\.\d+)?))?$/.exec(text);
  if (!parts || text === "") return null;
  return { torch: parts[1] === undefined ? null : parseRelease(parts[1]), rocm: parts[2] ?? null };
}

/** Ubuntu's form only, "6.8.0-60-generic"; null for a kernel that somebody else named. */
export function parseKernel(release: string): Kernel | null {
  const parts = /^(\d+)\.(\d+)\.\d+-(\d+)(?:\.\d+)*-([a-z][a-z0-9-]*)$/.exec(release);
  if (!parts) return null;
  return { series: `${parts[1]}.${parts[2]}`, build: Number(parts[3]), flavour: parts[4] ?? "" };
}

/** Whether an Ubuntu release of a table, "24.04.3", is the one that a node names, with its point or without. */
export const isUbuntu = (listed: string, named: string): boolean =>
  named.split(".").length > 2 ? listed === named : listed === named || listed.startsWith(`${named}.`);

/** "24.04" of "24.04.3": the Ubuntu release that package names speak of. */
export const toUbuntuSeries = (version: string): string => version.split(".").slice(0, 2).join(".");

/** AMD's digits of a ROCm release, 7.1.1 as 70101: major, then minor and patch with two digits each. */
export function toPackageDigits(release: string): string {
  const [major = "", minor = "", patch = ""] = release.split(".");
  return `${major}${minor.padStart(2, "0")}${patch.padStart(2, "0")}`;
}

/** AMD's digits of a driver release: those of ROCm up to 6.4.x (60401), then four pairs (30.20.1 as 30200100). */
export const toDriverDigits = (release: string): string =>
  compareVersions(release, "30") < 0 ? toPackageDigits(release) : `${toPackageDigits(release)}00`;
