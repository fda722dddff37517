import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { UbuntuSuffix } from "./amdDriver.ts";
import { toKernelPackages, toMetaPackages, toNewest } from "./kernel.ts";
import type { StubFile, StubPackage } from "./stub.ts";

const read = (path: string): string => readFileSync(join(import.meta.dirname, "..", path), "utf8");
const program = (path: string): StubFile => ({ program: read(path) });

/** DKMS as a package: the program, the script that packages call, and what kernels' packages run. */
const dkms = (ubuntu: UbuntuSuffix): StubPackage => ({
  name: "dkms",
  version: ubuntu === "22.04" ? "2.8.7-2ubuntu2.2" : "3.0.11-1ubuntu13",
  architecture: "all",
  depends: ["python3"],
  files: {
    "/usr/sbin/dkms": program("programs/dkms"),
    "/usr/lib/dkms/common.postinst": program("programs/dkms-common.postinst"),
    "/etc/kernel/postinst.d/dkms": program("programs/dkms-autoinstall"),
    "/etc/kernel/header_postinst.d/dkms": program("programs/dkms-autoinstall"),
    "/var/lib/dkms/dkms_dbversion": "2.0.0\n",
  },
});

/** Ubuntu's own rocminfo, whose version is higher than AMD's 1.0.0: without a pin it is the one that apt takes. */
const rocminfo = (ubuntu: UbuntuSuffix): StubPackage => ({
  name: "rocminfo",
  version: ubuntu === "22.04" ? "5.0.0-1" : "5.7.1-3build1",
  component: "universe",
  files: { "/usr/bin/rocminfo": program("programs/rocminfo") },
});

/** Ubuntu's upgrades without asking; on a node it is installed from the start. */
export const unattendedUpgrades: StubPackage = {
  name: "unattended-upgrades",
  version: "2.9.1+nmu4ubuntu1",
  architecture: "all",
  depends: ["python3"],
  files: {
    "/usr/bin/unattended-upgrade": program("programs/unattended-upgrade"),
    "/etc/apt/apt.conf.d/20auto-upgrades":
      'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n',
  },
};

/** Packages of Ubuntu's archive that provisioning asks for; all else is in the nodes' base already. */
export function toUbuntuPackages(ubuntu: UbuntuSuffix, kernels: readonly string[]): StubPackage[] {
  return [
    dkms(ubuntu),
    rocminfo(ubuntu),
    unattendedUpgrades,
    ...kernels.flatMap(toKernelPackages),
    ...toNewest(kernels).flatMap((release) => toMetaPackages(release, ubuntu)),
  ];
}
