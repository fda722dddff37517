/** The Pulumi CLI this project is tested with and the oldest it accepts; go/pulumi/go.mod and package.json name the same. */
export const pulumiVersion = "3.259.0";

/** The language host that is built where the CLI is built; go/nodejs/go.mod names the same. */
export const languageHostVersion = "3.60.1";

/** The oldest Go that can build the engine. An older toolchain than go.mod names is fetched by Go itself. */
export const goVersion = "1.25.0";

/** The oldest Python that runs the trainer. */
export const pythonVersion = "3.10.0";

/** The oldest Node that can start the set-up; everything after it runs on the Node of package-lock.json. */
export const nodeVersion = "20.0.0";

/** A version as Semantic Versioning orders it, build metadata left out. */
export interface Version {
  major: number;
  minor: number;
  patch: number;
  /** Dot-separated identifiers after the dash, empty for a release. */
  prerelease: readonly string[];
}

/**
 * The first version in what a program printed: "v3.259.0", "go version go1.26.8 linux/amd64", "Python 3.11.7".
 *
 * A missing patch counts as zero ("go1.25"); null when there is nothing of the form N.N.
 */
export function parseVersion(text: string): Version | null {
  const match =
    /(?<![\d.])(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?![\d])/.exec(
      text,
    );
  if (!match) return null;
  const [, major = "0", minor = "0", patch = "0", prerelease = ""] = match;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    prerelease: prerelease === "" ? [] : prerelease.split("."),
  };
}

/** `major.minor.patch`, with the prerelease where there is one. */
export const renderVersion = ({ major, minor, patch, prerelease }: Version): string =>
  `${major}.${minor}.${patch}${prerelease.length > 0 ? `-${prerelease.join(".")}` : ""}`;

/** Negative when {@link a} comes before {@link b}, by Semantic Versioning 2.0.0, section 11. */
export function compareVersions(a: Version, b: Version): number {
  const numbers = a.major - b.major || a.minor - b.minor || a.patch - b.patch;
  return numbers !== 0 ? numbers : comparePrereleases(a.prerelease, b.prerelease);
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return (a.length === 0 ? 1 : 0) - (b.length === 0 ? 1 : 0);
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [left = "", right = ""] = [a[index], b[index]];
    if (left === right) continue;
    const [leftNumeric, rightNumeric] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (leftNumeric && rightNumeric && Number(left) !== Number(right)) return Number(left) - Number(right);
    if (leftNumeric !== rightNumeric) return leftNumeric ? -1 : 1;
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

/** Whether {@link found} is {@link oldest} or later. Text that holds no version is not. */
export function isNewEnough(found: string, oldest: string): boolean {
  const [have, want] = [parseVersion(found), parseVersion(oldest)];
  return have !== null && want !== null && compareVersions(have, want) >= 0;
}

/** As {@link isNewEnough}, and of the same major version: the next major may change what the project relies on. */
export const isCompatible = (found: string, oldest: string): boolean =>
  isNewEnough(found, oldest) && parseVersion(found)?.major === parseVersion(oldest)?.major;
