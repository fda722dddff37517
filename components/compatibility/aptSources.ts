import type { Scope, SoftwareSet } from "./request.ts";
import { at, type Traced } from "./traced.ts";

/** One line of an apt source list. */
export interface AptRepository {
  url: string;
  suite: "jammy" | "noble";
  components: readonly string[];
  architecture: "amd64";
}

/** Where apt gets a set's packages from. */
export interface AptSources {
  signingKey: Traced<{ url: string; keyring: string; fingerprint: string }>;
  repositories: readonly Traced<AptRepository>[];
  /** Without it Ubuntu's own rocminfo outranks AMD's. */
  pin: Traced<{ package: string; release: string; priority: number }>;
}

/** Where AMD's documents have its key put. */
export const amdKeyring = "/etc/apt/keyrings/rocm.gpg";

/** AMD's directory of a release: 7.1.1 as it is, 7.1.0 as 7.1. */
export const toDirectory = (release: string): string => release.replace(/\.0$/, "");

/** AMD's key, one line a repository, and the pin that puts AMD's packages first; in scope "wheel" only the driver's. */
export function toAptSources(set: SoftwareSet, ubuntu: "22.04" | "24.04", scope: Scope): AptSources {
  const repository = (url: string): AptRepository => ({
    url,
    suite: ubuntu === "22.04" ? "jammy" : "noble",
    components: ["main"],
    architecture: "amd64",
  });
  const ofDriver = at("layout", set.driver.endsWith(".0") ? "driverDirectory" : "driverInstall");
  const ofRocm = at("layout", "rocmInstall");
  const rocm = `https://repo.radeon.com/rocm/apt/${toDirectory(set.rocm)}`;
  const graphics = `https://repo.radeon.com/graphics/${toDirectory(set.rocm)}/ubuntu`;
  const wanted = scope === "wheel" ? [] : set.rocm.startsWith("6.") ? [rocm] : [rocm, graphics];
  return {
    signingKey: at(
      "layout",
      "signingKey",
    )({
      url: "https://repo.radeon.com/rocm/rocm.gpg.key",
      keyring: amdKeyring,
      fingerprint: "CA8BB4727A47B4D09B4EE8969386B48A1A693C5C",
    }),
    repositories: [
      ofDriver(repository(`https://repo.radeon.com/amdgpu/${toDirectory(set.driver)}/ubuntu`)),
      ...wanted.map((url) => ofRocm(repository(url))),
    ],
    pin: ofRocm({ package: "*", release: "o=repo.radeon.com", priority: 600 }),
  };
}
