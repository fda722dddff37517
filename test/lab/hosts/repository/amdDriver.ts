import { type DriverRelease, driverReleases, toMinorVersion } from "./releases.ts";
import type { StubPackage } from "./stub.ts";

/** Ubuntu's releases that a lab's nodes may be, as AMD's version strings end. */
export type UbuntuSuffix = "22.04" | "24.04";

/** Version of the source that amdgpu-dkms gives to DKMS: module and build, without the packed release. */
export const toDkmsVersion = ({ module, build }: DriverRelease, ubuntu: UbuntuSuffix): string =>
  `${module}-${build.split("-")[1]}.${ubuntu}`;

/**
 * Packages of /amdgpu/<directory>/ubuntu; undefined where there is no such release.
 *
 * amdgpu-dkms leaves adding, building and installing to DKMS's own script, in the way of every package made with
 * dh_dkms. A failed build fails the script, and dpkg leaves the package half-configured: ROCm/amdgpu#192, exit code 10.
 * An upgrade takes the old module away before the new one is built, since dpkg runs the old prerm first.
 */
export function toDriverPackages(directory: string, ubuntu: UbuntuSuffix): StubPackage[] | undefined {
  const release = driverReleases[directory];
  if (release === undefined) return undefined;
  const version = `1:${release.module}.${release.build}.${ubuntu}`;
  const source = toDkmsVersion(release, ubuntu);
  const driver: StubPackage = {
    name: "amdgpu-dkms",
    version,
    architecture: "all",
    depends: ["dkms (>= 1.95)", `amdgpu-dkms-firmware (= ${version})`],
    files: {
      [`/usr/src/amdgpu-${source}/dkms.conf`]: [
        'PACKAGE_NAME="amdgpu"',
        `PACKAGE_VERSION="${source}"`,
        'BUILT_MODULE_NAME[0]="amdgpu"',
        'DEST_MODULE_LOCATION[0]="/updates"',
        'AUTOINSTALL="yes"',
        "",
      ].join("\n"),
    },
    scripts: {
      postinst: `#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
exec /usr/lib/dkms/common.postinst amdgpu ${source} /usr/share/amdgpu-dkms x86_64 "$2"
`,
      prerm: `#!/bin/sh
set -e
case $1 in remove | upgrade | deconfigure) ;; *) exit 0 ;; esac
[ ! -e /var/lib/dkms/amdgpu/${source} ] || dkms remove -m amdgpu -v ${source} --all
`,
    },
  };
  const firmware: StubPackage = {
    name: "amdgpu-dkms-firmware",
    version,
    architecture: "all",
    files: { "/lib/firmware/updates/amdgpu/VERSION": `${release.module}\n` },
  };
  // Up to 6.4 the graphics packages lie beside the driver, later in an archive of their own.
  return directory.startsWith("6.")
    ? [driver, firmware, toAmdgpuCore(directory, release.build, ubuntu)]
    : [driver, firmware];
}

/** `1:7.1.70101-2255337.24.04` of 7.1.1: the ROCm release's own digits, the build of the graphics packages. */
export const toAmdgpuCore = (release: string, build: string, ubuntu: UbuntuSuffix): StubPackage => ({
  name: "amdgpu-core",
  version: `1:${toMinorVersion(release)}.${build}.${ubuntu}`,
  architecture: "all",
  files: { "/etc/ld.so.conf.d/10-rocm-opencl.conf": "/opt/rocm/lib\n" },
});
