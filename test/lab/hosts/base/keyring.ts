import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { environment } from "../machine.ts";
import { run } from "../run.ts";
import type { Source } from "./mirror.ts";

/**
 * Ubuntu Archive Automatic Signing Key (2018), which signs jammy and noble.
 * Source: package ubuntu-keyring 2021.03.26; https://wiki.ubuntu.com/SecurityTeam/FAQ shows the same.
 */
const ubuntuFingerprint = "F6ECB3762474EDA9D21B7022871920D1991BC93C";

/** Keyring that a distribution's releases are checked with; `directory` takes what has to be fetched for it. */
export async function findKeyring(source: Source, directory: string): Promise<string> {
  const installed = `/usr/share/keyrings/${source.distribution}-archive-keyring.gpg`;
  if (existsSync(installed)) return installed;
  if (source.distribution === "debian")
    throw new Error(`${installed} is missing; install debian-archive-keyring.`);
  return fetchUbuntuKeyring(source, directory);
}

/** The keyring as the mirror has it, reduced to the one key that we know: nothing else that came is trusted. */
async function fetchUbuntuKeyring({ mirror, suite }: Source, directory: string): Promise<string> {
  const packages = gunzipSync(
    await download(`${mirror}/dists/${suite}/main/binary-amd64/Packages.gz`),
  ).toString();
  const entry = packages.split("\n\n").find((paragraph) => paragraph.startsWith("Package: ubuntu-keyring\n"));
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(entry ?? "")?.[1] ?? "";
  const archive = await download(`${mirror}/${field("Filename")}`);
  if (createHash("sha256").update(archive).digest("hex") !== field("SHA256"))
    throw new Error(`${mirror} serves a package ubuntu-keyring that its own index does not describe.`);
  const home = join(directory, "gnupg");
  await mkdir(home, { recursive: true, mode: 0o700 });
  const deb = join(directory, "ubuntu-keyring.deb");
  await writeFile(deb, archive);
  await run("dpkg-deb", ["--extract", deb, directory], { environment });
  const received = join(directory, "usr/share/keyrings/ubuntu-archive-keyring.gpg");
  const keyring = join(directory, "ubuntu.gpg");
  const gpg = (...words: string[]) =>
    run("gpg", ["--homedir", home, "--batch", "--no-autostart", ...words], { environment });
  await gpg("--quiet", "--import", received);
  await gpg("--output", keyring, "--export", ubuntuFingerprint);
  return keyring;
}

async function download(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  return Buffer.from(await response.arrayBuffer());
}
