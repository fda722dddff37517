import { type AptSources, toAptSources } from "./aptSources.ts";
import { nodeTargets } from "./gpuRules.ts";
import { isLoaded } from "./loaded.ts";
import type { SoftwareSet } from "./request.ts";
import type { Ground } from "./search.ts";
import { at, type Traced } from "./traced.ts";
import { toDriverDigits, toMinor, toPackageDigits, toUbuntuSeries } from "./versions.ts";
import { parseSetWheel } from "./wheelRules.ts";

/** A package and its version, exact or with `*` for what no source says, as `apt install name=version` takes it. */
export interface AptPackage {
  name: string;
  version: string;
}

/** All that an installer needs of a set, each value with its row and source. */
export interface Installation extends AptSources {
  /** keep: the loaded module is the set's; install: none is loaded; replace: another one is, or may be. */
  driver: "keep" | "install" | "replace";
  /** /sys/module/amdgpu/version after the install and a reboot; null where no source says. */
  moduleVersion: Traced<string | null>;
  /** HIP of the host's ROCm packages, as hipconfig says; null where no source says, or where none are installed. */
  hip: Traced<string | null>;
  /** Packages of the running kernel that DKMS needs before. */
  kernelPackages: Traced<readonly string[]>;
  /** The driver's package, then those of ROCm. */
  packages: readonly Traced<AptPackage>[];
  wheel: {
    index: Traced<string>;
    torch: Traced<string>;
    python: Traced<string>;
    /** What `torch.version.hip` begins with: the minor version of the ROCm inside, whatever the host has. */
    hip: Traced<string>;
  };
  /** The node's GPU targets, null while it has not said them. */
  targets: readonly string[] | null;
}

/** ROCm packages that verification runs: rocminfo and amd-smi. */
export const verificationPackages = ["rocminfo", "amd-smi-lib"] as const;

/**
 * The installation of a set; for what the matrix does not hold it follows AMD's and PyTorch's layout.
 *
 * @param extra ROCm packages beside {@link verificationPackages}; none are installed in scope "wheel"
 */
export function toInstallation(
  set: SoftwareSet,
  { node, tables, scope }: Ground,
  extra: readonly string[],
): Installation {
  const driver = tables.drivers.find((row) => row.release === set.driver);
  const rocm = tables.rocm.find((row) => row.release === set.rocm);
  const { torch, rocm: inside } = parseSetWheel(set.pytorch);
  const wheel = tables.wheels.find((row) => row.torch === torch && row.rocm === inside);
  const ofModule = at(`drivers ${set.driver}`, driver?.moduleSource ?? "driverInstall");
  const ofRocm = at(`rocm ${set.rocm}`, rocm?.source ?? "rocmInstall");
  const ofWheel = at(`wheels ${set.pytorch}`, wheel?.source ?? "torchReleases");
  const ubuntu = toUbuntuSeries(node.osVersion ?? "") === "22.04" ? "22.04" : "24.04";
  const rocmPackages = scope === "wheel" ? [] : [...new Set([...verificationPackages, ...extra])];

  return {
    driver:
      driver !== undefined && isLoaded(driver, node)
        ? "keep"
        : node.amdgpuDriver === null
          ? "install"
          : "replace",
    moduleVersion: ofModule(driver?.module ?? null),
    hip: ofRocm(scope === "wheel" ? null : (rocm?.hip ?? null)),
    ...toAptSources(set, ubuntu, scope),
    kernelPackages: at(
      "layout",
      "driverInstall",
    )(
      node.kernel === undefined ? [] : [`linux-headers-${node.kernel}`, `linux-modules-extra-${node.kernel}`],
    ),
    packages: [
      ofModule({
        name: "amdgpu-dkms",
        version: `1:${driver?.module ?? "*"}.${toDriverDigits(set.driver)}-${driver?.build ?? "*"}.${ubuntu}`,
      }),
      ...rocmPackages.map((name) => ofRocm({ name, version: `*.${toPackageDigits(set.rocm)}-*~${ubuntu}` })),
    ],
    wheel: {
      index: ofWheel(`https://download.pytorch.org/whl/rocm${inside}`),
      torch: ofWheel(set.pytorch),
      python: at(`torchReleases ${toMinor(torch)}`, "torchReleases")(set.python),
      hip: at("layout", "torchRocmInside")(`${toMinor(inside)}.`),
    },
    targets: nodeTargets(node, tables),
  };
}
