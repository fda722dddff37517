import { environment } from "../machine.ts";
import { run } from "../run.ts";

/** Which distribution a base is made from, and where its packages come from. */
export interface Source {
  distribution: "ubuntu" | "debian";
  /** The release's codename, for example "noble". */
  suite: string;
  mirror: string;
}

export const ubuntuReleases = { "22.04": "jammy", "24.04": "noble" } as const;
export type UbuntuRelease = keyof typeof ubuntuReleases;

/** Debian's release that stands in where no mirror of Ubuntu is at hand. */
const debianSuite = "bookworm";

/** The distributions' own public mirrors, for machines whose apt names none of that distribution. */
const publicMirrors = {
  ubuntu: "http://archive.ubuntu.com/ubuntu",
  debian: "http://deb.debian.org/debian",
} as const;

/**
 * Where the base of a release comes from: ROCMARK_LAB_MIRROR, else what this machine's apt is configured with, else the
 * distribution's own mirror; Ubuntu if its mirror has that release, else Debian.
 */
export async function findSource(
  release: UbuntuRelease,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Source> {
  const configured = env.ROCMARK_LAB_MIRROR ? [env.ROCMARK_LAB_MIRROR] : await readAptMirrors();
  const suite = ubuntuReleases[release];
  const wanted: Source[] = [
    { distribution: "ubuntu", suite, mirror: pickMirror("ubuntu", configured) },
    { distribution: "debian", suite: debianSuite, mirror: pickMirror("debian", configured) },
  ];
  const offered = env.ROCMARK_LAB_BASE
    ? wanted.filter((s) => s.distribution === env.ROCMARK_LAB_BASE)
    : wanted;
  for (const source of offered)
    if (await answers(`${source.mirror}/dists/${source.suite}/Release`)) return source;
  const tried = offered.map(({ mirror, suite }) => `${suite} at ${mirror}`).join(", nor ");
  throw new Error(
    `No base for Ubuntu ${release}: found neither ${tried}. Set ROCMARK_LAB_MIRROR to a mirror.`,
  );
}

/** The first mirror whose path ends in the distribution's name, as mirrors of both have it. */
export function pickMirror(distribution: Source["distribution"], mirrors: readonly string[]): string {
  const found = mirrors.map((uri) => uri.replace(/\/+$/, "")).find((uri) => uri.endsWith(`/${distribution}`));
  return found ?? publicMirrors[distribution];
}

async function readAptMirrors(): Promise<string[]> {
  const format = ["--format", "$(REPO_URI)", "Created-By: Packages"];
  const text = await run("apt-get", ["indextargets", ...format], { environment });
  return [...new Set(text.split("\n").filter((line) => line !== ""))];
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(15_000) })).ok;
  } catch {
    return false;
  }
}
