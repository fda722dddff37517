import type { StubPackage } from "./stub.ts";

const toSeries = (release: string): string => release.split(".").slice(0, 2).join(".");

/** The newest kernel of each series. */
export function toNewest(releases: readonly string[]): string[] {
  const newest = new Map<string, string>();
  for (const release of releases.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })))
    newest.set(toSeries(release), release);
  return [...newest.values()];
}

/** Kernel series that an Ubuntu release came with; any other is a hardware enablement kernel (HWE). */
const firstSeries = { "22.04": "5.15", "24.04": "6.8" } as const;

/** Version of the packages of a kernel: 6.8.0-60.60 of 6.8.0-60-generic (the last part differs on Ubuntu). */
export const toKernelVersion = (release: string): string => {
  const [, base, build] = /^([\d.]+)-(\d+)-/.exec(release) ?? [];
  if (base === undefined)
    throw new Error(`A kernel is named as Ubuntu does, 6.8.0-60-generic, not "${release}".`);
  return `${base}-${build}.${build}`;
};

/** The kernel's module of amdgpu, compiled into Ubuntu's package and signed by Ubuntu. */
export const inTreeModule = (release: string): string =>
  `/lib/modules/${release}/kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko`;

/** Packages of one kernel: image, modules, extra modules (amdgpu among them) and headers. */
export function toKernelPackages(release: string): StubPackage[] {
  const version = toKernelVersion(release);
  const stub = (kind: string, rest: Partial<StubPackage>): StubPackage => ({
    name: `linux-${kind}-${release}`,
    version,
    ...rest,
  });
  return [
    stub("image", {
      depends: [`linux-modules-${release}`],
      files: { [`/boot/vmlinuz-${release}`]: "a kernel of the lab\n" },
      scripts: { postinst: runParts(release, "postinst.d"), prerm: runParts(release, "prerm.d") },
    }),
    stub("modules", {
      files: {
        [`/boot/config-${release}`]: "CONFIG_MODULES=y\n",
        [`/lib/modules/${release}/modules.builtin`]: "",
      },
    }),
    stub("modules-extra", {
      depends: [`linux-modules-${release}`],
      files: { [inTreeModule(release)]: "in-tree\n" },
    }),
    stub("headers", {
      files: {
        [`/usr/src/linux-headers-${release}/include/config/auto.conf`]: "",
        [`/lib/modules/${release}/build`]: { link: `/usr/src/linux-headers-${release}` },
      },
      scripts: { postinst: runParts(release, "header_postinst.d") },
    }),
  ];
}

/** Packages that follow the newest kernel of a series: what an upgrade takes, and by that the kernel changes. */
export function toMetaPackages(release: string, ubuntu: "22.04" | "24.04"): StubPackage[] {
  const [base = "", build] = toKernelVersion(release).split("-");
  const version = `${base}.${build?.split(".")[0]}.${build?.split(".")[0]}`;
  const suffix = toSeries(release) === firstSeries[ubuntu] ? "" : `-hwe-${ubuntu}`;
  const meta = (name: string, depends: readonly string[]): StubPackage => ({
    name: `linux-${name}${suffix}`,
    version,
    depends,
  });
  return [
    // What a node follows, as virtual machines do: without the extra modules, so without the kernel's own amdgpu.
    meta("image-virtual", [`linux-image-${release}`]),
    meta("image-generic", [`linux-image-${release}`, `linux-modules-extra-${release}`]),
    meta("headers-generic", [`linux-headers-${release}`]),
    meta("generic", [
      `linux-image-generic${suffix} (= ${version})`,
      `linux-headers-generic${suffix} (= ${version})`,
    ]),
  ];
}

// A script there that fails leaves the kernel's package half-configured: ROCm/legacy-rocm-build#3701, where DKMS's did.
const runParts = (release: string, directory: string): string => `#!/bin/sh
set -e
case $1 in configure | remove) ;; *) exit 0 ;; esac
[ ! -d /etc/kernel/${directory} ] || run-parts --report --exit-on-error --arg=${release} \\
  --arg=/boot/vmlinuz-${release} /etc/kernel/${directory}
`;
