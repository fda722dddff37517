import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { exclusively } from "../exclusively.ts";
import { environment } from "../machine.ts";
import { labCache } from "../place.ts";
import { run } from "../run.ts";
import { findKeyring } from "./keyring.ts";
import { findSource, type UbuntuRelease, ubuntuReleases } from "./mirror.ts";

const script = join(import.meta.dirname, "build.sh");

/** What a host has beyond the distribution's minimum. No kmod: its programs are the lab's own, see guest/. */
const include = [
  "ca-certificates",
  "curl",
  "gpg",
  "iproute2",
  "iputils-ping",
  "openssh-server",
  "procps",
  "python3",
  "python3-venv",
  "sudo",
];

/**
 * Directory with the root filesystem of a release, made when it is not there yet (some 40 s, 300 MB).
 *
 * Named by the digest of all that goes into it, complete or absent: it is made under another name and renamed.
 */
export async function ensureBase(release: UbuntuRelease, say: (line: string) => void): Promise<string> {
  const bases = join(labCache(), "bases");
  await mkdir(bases, { recursive: true });
  const source = await findCached(bases, release);
  if (source !== undefined) return source;
  return exclusively(join(bases, `${release}.lock`), async () => {
    const made = await findCached(bases, release);
    if (made !== undefined) return made;
    const { distribution, suite, mirror } = await findSource(release);
    say(
      `making the base of Ubuntu ${release} from ${distribution} ${suite} at ${mirror}: about a minute, once`,
    );
    await removePartial(bases, release);
    const partial = await mkdtemp(join(bases, `${release}.partial-`));
    const keyring = await findKeyring({ distribution, suite, mirror }, partial);
    const root = join(partial, "root");
    const words = [
      distribution,
      suite,
      mirror,
      keyring,
      include.join(","),
      release,
      ubuntuReleases[release],
      root,
    ];
    const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    await run("unshare", [...namespaces, "bash", script, ...words], { environment });
    const base = join(bases, baseName(release, distribution));
    await rename(root, base);
    await rm(partial, { recursive: true, force: true });
    return base;
  });
}

const baseName = (release: UbuntuRelease, distribution: string): string => {
  const parts = [readFileSync(script), include.join(","), distribution, release];
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return `${release}-${distribution}-${hash.digest("hex").slice(0, 12)}`;
};

// What the mirrors offer is asked only when a base has to be made: a lab with its base at hand needs no network.
async function findCached(bases: string, release: UbuntuRelease): Promise<string | undefined> {
  const asked = process.env.ROCMARK_LAB_BASE;
  const distributions = asked ? [asked] : ["ubuntu", "debian"];
  return distributions.map((name) => join(bases, baseName(release, name))).find((path) => existsSync(path));
}

async function removePartial(bases: string, release: UbuntuRelease): Promise<void> {
  for (const name of await readdir(bases))
    if (name.startsWith(`${release}.partial-`)) await rm(join(bases, name), { recursive: true, force: true });
}
