import { readFileSync } from "node:fs";
import { join } from "node:path";
import { toAmdgpuCore, type UbuntuSuffix } from "./amdDriver.ts";
import { type RocmRelease, rocmReleases, toFullVersion } from "./releases.ts";
import type { StubFile, StubPackage } from "./stub.ts";

/** Packages of /rocm/apt/<directory>; undefined where there is no such release. */
export function toRocmPackages(directory: string, ubuntu: UbuntuSuffix): StubPackage[] | undefined {
  const release = rocmReleases[directory];
  if (release === undefined) return undefined;
  const full = toFullVersion(directory);
  const suffix = `${release.build}~${ubuntu}`;
  const prefix = `/opt/rocm-${full}`;
  const exact = (name: string, front: string) => `${name} (= ${front}.${suffix})`;
  const stub = (name: string, front: string, rest: Partial<StubPackage> = {}): StubPackage => ({
    name,
    version: `${front}.${suffix}`,
    depends: ["rocm-core"],
    ...rest,
  });
  const program = (name: string) => ({
    files: { [`${prefix}/bin/${name}`]: { program: readProgram(name, directory, release) } },
    scripts: toAlternative(`/usr/bin/${name}`, name, `${prefix}/bin/${name}`, release),
  });
  const utilities = [exact("rocminfo", "1.0.0"), exact("rocm-core", full)];
  return [
    stub("rocm-core", full, {
      depends: [],
      files: toVersionFiles(prefix, full, release),
      scripts: toAlternative("/opt/rocm", "rocm", prefix, release),
    }),
    stub("hsa-rocr", directory.startsWith("6.") ? "1.15.0" : "1.18.0"),
    stub("rocminfo", "1.0.0", { depends: ["rocm-core", "hsa-rocr", "python3"], ...program("rocminfo") }),
    stub("rocm-smi-lib", release.rocmSmi, { depends: ["rocm-core", "python3"], ...program("rocm-smi") }),
    stub("amd-smi-lib", release.amdSmi, { depends: ["rocm-core", "python3"], ...program("amd-smi") }),
    stub("hip-runtime-amd", release.hip, { depends: ["hsa-rocr", "rocminfo", exact("rocm-core", full)] }),
    stub("rccl", release.rccl, { depends: ["hip-runtime-amd", "rocm-core"] }),
    stub("rocm-validation-suite", "1.2.0", { depends: ["amd-smi-lib", "hip-runtime-amd", "rocm-core"] }),
    stub("rocm-utils", full, { depends: utilities }),
    stub("rocm", full, {
      depends: [
        exact("rocm-utils", full),
        exact("hip-runtime-amd", release.hip),
        exact("rccl", release.rccl),
        exact("rocm-smi-lib", release.rocmSmi),
        exact("amd-smi-lib", release.amdSmi),
        // From 7.0 on what this one stands for lies under /graphics: without that archive it cannot be installed.
        "amdgpu-core",
      ],
    }),
  ];
}

/** Packages of /graphics/<directory>/ubuntu, which exists from ROCm 7.0 on. */
export function toGraphicsPackages(directory: string, ubuntu: UbuntuSuffix): StubPackage[] | undefined {
  const release = rocmReleases[directory];
  if (release?.graphics === undefined) return undefined;
  const [digits] = release.build.split("-");
  return [toAmdgpuCore(directory, `${digits}-${release.graphics}`, ubuntu)];
}

// 6.x says its build in .info/version, 7.x in version-rocm only. Sources: amd/node-scraper's tests ("6.4.0-47"), reports
// of 7.1.1 and 7.2.4.
function toVersionFiles(prefix: string, full: string, { build }: RocmRelease): Record<string, StubFile> {
  const long = `${full}-${build.split("-")[1]}\n`;
  return {
    [`${prefix}/.info/version`]: full.startsWith("6.") ? long : `${full}\n`,
    [`${prefix}/.info/version-rocm`]: long,
  };
}

/** Links by update-alternatives; the newer release has the higher priority. */
const toAlternative = (link: string, name: string, target: string, { build }: RocmRelease) => ({
  postinst: `#!/bin/sh
set -e
[ "$1" != configure ] || update-alternatives --install ${link} ${name} ${target} ${Number(build.split("-")[0])}
`,
  prerm: `#!/bin/sh
set -e
update-alternatives --remove ${name} ${target}
`,
});

function readProgram(name: string, directory: string, { amdSmi }: RocmRelease): string {
  const text = readFileSync(join(import.meta.dirname, "../programs", name), "utf8");
  return text.replaceAll("@ROCM@", toFullVersion(directory)).replaceAll("@AMD_SMI@", amdSmi);
}
