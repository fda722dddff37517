import { appendFile, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ubuntuReleases } from "../base/mirror.ts";
import { environment } from "../machine.ts";
import type { Repository } from "../repository/repository.ts";
import { unattendedUpgrades } from "../repository/ubuntu.ts";
import { run } from "../run.ts";
import type { LabConfig } from "../settings.ts";
import { writePackages } from "./installed.ts";
import { installedKernel } from "./kernelTree.ts";

const names = { jammy: "Jammy Jellyfish", noble: "Noble Numbat" } as const;

/** Point releases, which the base of a release's first day does not know: what an updated host says of itself. */
const points = { "22.04": "22.04.5", "24.04": "24.04.3" } as const;

const ubuntuKeyring = "usr/share/keyrings/ubuntu-archive-keyring.gpg";

/**
 * Makes the directory that lies between the base and what a node writes: the lab's own programs, and what makes of the
 * base a host that has been installed, with a kernel, sources of packages, and trust in the lab's authority.
 */
export async function makeLayer(layer: string, config: LabConfig, repository: Repository): Promise<void> {
  await cp(join(import.meta.dirname, "../guest"), layer, { recursive: true, verbatimSymlinks: true });
  const put = async (path: string, content: string | Buffer) => {
    await mkdir(dirname(join(layer, path)), { recursive: true });
    await writeFile(join(layer, path), content);
  };
  for (const path of ["etc/os-release", "usr/lib/os-release"]) await put(path, toOsRelease(config.ubuntu));
  await put(ubuntuKeyring, repository.keys.ubuntu.keyring);
  await put("etc/apt/sources.list.d/ubuntu.list", toSources(config.ubuntu));
  // uv trusts the system's authorities only when told so, as on a host behind a company's proxy.
  await put("etc/uv/uv.toml", "system-certs = true\n");
  await trust(layer, config.base, repository.certificates.authority);
  const installed = [...installedKernel(config.kernel, config.ubuntu), unattendedUpgrades];
  await writePackages(layer, join(config.base, "var/lib/dpkg/status"), installed);
  await run("chown", ["-R", "-h", "root:root", layer], { environment });
  await run("chmod", ["-R", "u=rwX,go=rX", layer], { environment });
}

export function toOsRelease(ubuntu: LabConfig["ubuntu"], point: string = points[ubuntu]): string {
  const codename = ubuntuReleases[ubuntu];
  return [
    `PRETTY_NAME="Ubuntu ${point} LTS"`,
    'NAME="Ubuntu"',
    `VERSION_ID="${ubuntu}"`,
    `VERSION="${point} LTS (${names[codename]})"`,
    `VERSION_CODENAME=${codename}`,
    "ID=ubuntu",
    "ID_LIKE=debian",
    `UBUNTU_CODENAME=${codename}`,
    "",
  ].join("\n");
}

function toSources(ubuntu: LabConfig["ubuntu"]): string {
  const codename = ubuntuReleases[ubuntu];
  const line = (host: string, suite: string) =>
    `deb [signed-by=/${ubuntuKeyring}] http://${host}/ubuntu ${suite} main restricted universe multiverse\n`;
  return [
    line("archive.ubuntu.com", codename),
    line("archive.ubuntu.com", `${codename}-updates`),
    line("security.ubuntu.com", `${codename}-security`),
  ].join("");
}

/** What `update-ca-certificates` would do with the authority: into the bundle, and by the hash of its name. */
async function trust(layer: string, base: string, authority: string): Promise<void> {
  const certificates = join(layer, "etc/ssl/certs");
  const own = join(layer, "usr/local/share/ca-certificates/lab.crt");
  await mkdir(certificates, { recursive: true });
  await mkdir(dirname(own), { recursive: true });
  await writeFile(own, authority);
  const bundle = join(certificates, "ca-certificates.crt");
  await writeFile(bundle, await readFile(join(base, "etc/ssl/certs/ca-certificates.crt")));
  await appendFile(bundle, authority);
  const hash = await run("openssl", ["x509", "-noout", "-hash", "-in", own], { environment });
  await symlink("/usr/local/share/ca-certificates/lab.crt", join(certificates, `${hash.trim()}.0`));
}
