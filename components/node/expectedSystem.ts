import { toDkmsVersion } from "./found/dkms.ts";
import type { Inspection } from "./found/inspection.ts";
import type { Plan } from "./plan.ts";

/** One thing that is not as the stack pins it: "item: wanted, found; what next". */
export const difference = (item: string, wanted: string, found: string | null, next: string): string =>
  `${item}: wanted ${wanted}, found ${found ?? "nothing"}; ${next}`;

/** Whether a version is the one of a pattern, in which `*` stands for what no source says. */
export function fits(version: string | null | undefined, pattern: string): boolean {
  if (version == null) return false;
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\~]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(version);
}

const again = "run pulumi refresh and pulumi up to install it again";

/** Whether the kernel runs that the plan was made for. */
export function kernelProblems({ kernel }: Plan, { facts }: Inspection): string[] {
  if (facts.kernel === kernel) return [];
  return [
    difference(
      "kernel",
      kernel,
      facts.kernel,
      "run pulumi up again, which asks whether the pins fit this kernel",
    ),
  ];
}

/** Whether the pinned driver is installed, built and loaded. */
export function driverProblems(
  { driver, kernel }: Plan,
  { driver: found, packages, facts }: Inspection,
): string[] {
  if (driver === null) return [];
  const problems: string[] = [];
  const installed = packages["amdgpu-dkms"] ?? null;
  if (installed === null || !fits(installed, driver.version))
    problems.push(difference("amdgpu-dkms", driver.version, installed, again));
  else problems.push(...dkmsProblems(installed, kernel, found));
  if (driver.module !== null && found.module !== driver.module)
    problems.push(
      difference(
        "loaded amdgpu module",
        `${driver.module} (driver ${driver.release})`,
        facts.amdgpuModule === "in-tree" ? "the kernel's own, which has no version" : found.module,
        "reboot the node, and look why it is not loaded: sudo dmesg | grep -i amdgpu",
      ),
    );
  return problems;
}

function dkmsProblems(installed: string, kernel: string, { dkms }: Inspection["driver"]): string[] {
  const built = dkms.find((entry) => entry.kernel === kernel && entry.version === toDkmsVersion(installed));
  if (built?.state !== "installed")
    return [
      difference(
        "DKMS",
        `amdgpu installed for ${kernel}`,
        dkms
          .map(({ version, kernel, state }) => `${version} ${state} for ${kernel ?? "no kernel"}`)
          .join(", ") || null,
        "build it on the node and read its make.log: sudo dkms autoinstall",
      ),
    ];
  if (!/differ|diff between/i.test(built.remark)) return [];
  return [
    difference("DKMS", "the built module as the installed one", built.remark, "sudo dkms install --force it"),
  ];
}

/** Whether the pinned ROCm packages are there, and /opt/rocm and amd-smi are theirs. */
export function rocmProblems(
  { rocm, driver }: Plan,
  { packages, rocm: release, amdSmi, rocminfo }: Inspection,
): string[] {
  if (rocm === null) return [];
  const problems = rocm.packages
    .filter(({ name, version }) => !fits(packages[name], version))
    .map(({ name, version }) => difference(name, version, packages[name] ?? null, again));
  if (release !== rocm.release)
    problems.push(
      difference("/opt/rocm/.info/version", rocm.release, release, `see what /opt/rocm leads to; ${again}`),
    );
  if (amdSmi === null) problems.push(difference("amd-smi", "the program", null, again));
  if (rocminfo === null) problems.push(difference("rocminfo", "the program", null, again));
  const other = amdSmi?.gpus.find(
    (gpu) => gpu.driver !== null && driver?.module && gpu.driver !== driver.module,
  );
  if (other)
    problems.push(difference("amd-smi's driver", driver?.module ?? "", other.driver, "reboot the node"));
  return problems;
}
