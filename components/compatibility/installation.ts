import { isLoaded } from "./driverRules.ts";
import { nodeTargets } from "./nodeRules.ts";
import type { NodeFacts, SoftwareSet } from "./request.ts";
import type { SourceKey } from "./sources.ts";
import type { Tables } from "./tables.ts";
import { toPackageDigits } from "./versions.ts";
import { parseSetWheel } from "./wheelRules.ts";

/** One value of an installation, where it comes from. */
export interface Traced<T> {
  value: T;
  /** The row, "drivers 30.20.1", or "layout" for what is the same in every release. */
  row: string;
  source: SourceKey;
}

/** One line of an apt source list. */
export interface AptRepository {
  url: string;
  suite: "jammy" | "noble";
  components: readonly string[];
  architecture: "amd64";
}

/** A package and the pattern of its version, as `apt install name=version` takes it. */
export interface AptPackage {
  name: string;
  version: string;
}

/** All that an installer needs of a set, each value with its row and source. */
export interface Installation {
  /** keep: the loaded module is the set's; install: none is loaded; replace: another one is, or it is not known. */
  driver: "keep" | "install" | "replace";
  /** /sys/module/amdgpu/version after the install and a reboot; null where no source says. */
  moduleVersion: Traced<string | null>;
  /** Front of `torch.version.hip`; null where no source says. */
  hip: Traced<string | null>;
  signingKey: Traced<{ url: string; keyring: string; fingerprint: string }>;
  repositories: readonly Traced<AptRepository>[];
  /** Without it Ubuntu's own rocminfo outranks AMD's. */
  pin: Traced<{ package: string; release: string; priority: number }>;
  /** Packages of the running kernel that DKMS needs before. */
  kernelPackages: Traced<readonly string[]>;
  packages: readonly Traced<AptPackage>[];
  wheel: { index: Traced<string>; torch: Traced<string>; python: Traced<string> };
  /** The node's GPU targets, null while it has not said them. */
  targets: readonly string[] | null;
}

/** The installation of a set; for what the matrix does not hold it follows AMD's and PyTorch's layout. */
export function toInstallation(set: SoftwareSet, node: NodeFacts, tables: Tables): Installation {
  const driver = tables.drivers.find((row) => row.release === set.driver);
  const rocm = tables.rocm.find((row) => row.release === set.rocm);
  const wheelVersion = parseSetWheel(set.pytorch);
  const wheel = tables.wheels.find(
    (row) => row.torch === wheelVersion.torch && row.rocm === wheelVersion.rocm,
  );
  const ofModule = at(`drivers ${set.driver}`, driver?.moduleSource ?? "driverInstall");
  const ofRocm = at(`rocm ${set.rocm}`, rocm?.source ?? "rocmInstall");
  const ofWheel = at(`wheels ${set.pytorch}`, wheel?.source ?? "torchReleases");
  const point = node.osVersion?.startsWith("22.04") ? "22.04" : "24.04";
  const suite = point === "22.04" ? "jammy" : "noble";
  const repository = (url: string): AptRepository => ({
    url,
    suite,
    components: ["main"],
    architecture: "amd64",
  });
  const kept = driver !== undefined && isLoaded(driver, node);
  const driverVersion =
    driver?.module == null
      ? "*"
      : `1:${driver.module}.*${driver.build === null ? "" : `-${driver.build}.${point}`}`;

  return {
    driver: kept ? "keep" : node.amdgpuDriver === null ? "install" : "replace",
    moduleVersion: ofModule(driver?.module ?? null),
    hip: ofRocm(rocm?.hip ?? null),
    signingKey: at(
      "layout",
      "signingKey",
    )({
      url: "https://repo.radeon.com/rocm/rocm.gpg.key",
      keyring: "/etc/apt/keyrings/rocm.gpg",
      fingerprint: "CA8BB4727A47B4D09B4EE8969386B48A1A693C5C",
    }),
    repositories: [
      at(
        "layout",
        set.driver.endsWith(".0") ? "driverDirectory" : "driverInstall",
      )(repository(`https://repo.radeon.com/amdgpu/${toDirectory(set.driver)}/ubuntu`)),
      at("layout", "rocmInstall")(repository(`https://repo.radeon.com/rocm/apt/${toDirectory(set.rocm)}`)),
      ...(set.rocm.startsWith("6.")
        ? []
        : [
            at(
              "layout",
              "rocmInstall",
            )(repository(`https://repo.radeon.com/graphics/${toDirectory(set.rocm)}/ubuntu`)),
          ]),
    ],
    pin: at("layout", "rocmInstall")({ package: "*", release: "o=repo.radeon.com", priority: 600 }),
    kernelPackages: at(
      "layout",
      "driverInstall",
    )(
      node.kernel === undefined ? [] : [`linux-headers-${node.kernel}`, `linux-modules-extra-${node.kernel}`],
    ),
    packages: [
      ofModule({ name: "amdgpu-dkms", version: driverVersion }),
      ofRocm({ name: "rocm", version: `${set.rocm}.${toPackageDigits(set.rocm)}-*~${point}` }),
    ],
    wheel: {
      index: ofWheel(`https://download.pytorch.org/whl/rocm${wheelVersion.rocm}`),
      torch: ofWheel(set.pytorch),
      python: at(`torchReleases ${wheelVersion.torch}`, "torchReleases")(set.python),
    },
    targets: nodeTargets(node, tables),
  };

  function at(row: string, source: SourceKey) {
    return <T>(value: T): Traced<T> => ({ value, row, source });
  }
}

/** AMD's directory of a release: 7.1.1 as it is, 7.1.0 as 7.1. */
export const toDirectory = (release: string): string => release.replace(/\.0$/, "");
