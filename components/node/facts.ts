import { z } from "zod";
import { factsUnreadable } from "../errors.ts";
import { gpuModel, isVirtualFunction, parseCard } from "./gpuModel.ts";

/** What a node says about itself; only what stays the same while nobody changes the node. */
export const factsSchema = z.strictObject({
  /** `uname -s`, for example "Linux". */
  system: z.string().min(1),
  kernel: z.string().min(1),
  architecture: z.string().min(1),
  /** Distribution's ID, for example "ubuntu". */
  os: z.string().min(1),
  osVersion: z.string().min(1),
  /** Logical processors online. */
  cores: z.int().positive(),
  cpu: z.string(),
  /** Memory in GiB (1024^3 bytes), rounded to one decimal. */
  memoryGiB: z.number().positive(),
  /** Version of python3 on the PATH, null when there is none. */
  python: z.string().nullable(),
  /** Detected, never assumed: rocm when the kernel's KFD lists a GPU, cuda when nvidia-smi does, else cpu. */
  accelerator: z.enum(["rocm", "cuda", "cpu"]),
  /** One entry a GPU: its gfx target (rocm) or its name and driver (cuda). */
  gpus: z.array(z.string()),
  /** Version in /sys/module/amdgpu/version, null without the DKMS driver. */
  amdgpuDriver: z.string().nullable(),
  /** The rest is there only for a node with an AMD GPU. Ubuntu with its point release, "24.04.3". */
  pointRelease: z.string().optional(),
  /** The GPUs' name, "Instinct MI300X VF"; known before any driver is. */
  gpuModel: z.string().optional(),
  /** enforcing: only modules signed with a known key load; key enrolled: DKMS's own key is known. */
  secureBoot: z.enum(["off", "enforcing", "key enrolled"]).optional(),
  /** How the node has its GPUs: its own, handed to a virtual machine, or a share of one. */
  virtualisation: z.enum(["none", "passthrough", "sr-iov"]).optional(),
  /** Which amdgpu module is loaded: the one that DKMS built, the kernel's own, or none. */
  amdgpuModule: z.enum(["dkms", "in-tree", "none"]).optional(),
  /** Version of the installed package amdgpu-dkms, null without it. */
  amdgpuPackage: z.string().nullable().optional(),
  /** Those of the user's groups that open GPUs: render, video. */
  deviceGroups: z.array(z.string()).optional(),
  /** Whether the user may use /dev/kfd, without which no program reaches a GPU. */
  kfd: z.enum(["open", "denied", "absent"]).optional(),
});

export type Facts = z.infer<typeof factsSchema>;

/**
 * The gfx name of KFD's decimal `gfx_target_version`: major * 10000 + minor * 100 + stepping, minor and stepping in
 * hexadecimal in the name (90402 is gfx942, 90010 is gfx90a, 110000 is gfx1100).
 */
export function toGfx(targetVersion: number): string {
  const major = Math.floor(targetVersion / 10_000);
  const minor = Math.floor(targetVersion / 100) % 100;
  const stepping = targetVersion % 100;
  return `gfx${major}${minor.toString(16)}${stepping.toString(16)}`;
}

/**
 * Facts from the `key=value` lines of the facts script.
 *
 * @throws RocmarkError E_FACTS with the key that is missing or off.
 */
export function parseFacts(name: string, text: string): Facts {
  const values = new Map<string, string>();
  const gpus: string[] = [];
  const cards: string[] = [];
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    if (at < 1) continue;
    const [key, value] = [line.slice(0, at), line.slice(at + 1).trim()];
    if (key === "gpu") gpus.push(/^\d+$/.test(value) ? toGfx(Number(value)) : value);
    else if (key === "card") cards.push(value);
    else values.set(key, value);
  }
  const parsed = factsSchema.safeParse({
    system: values.get("system"),
    kernel: values.get("kernel"),
    architecture: values.get("architecture"),
    os: values.get("os"),
    osVersion: values.get("osVersion"),
    cores: Number(values.get("cores")),
    cpu: values.get("cpu") ?? "",
    memoryGiB: Math.round(Number(values.get("memoryKiB")) / 1024 / 102.4) / 10,
    python: values.get("python") || null,
    accelerator: values.get("accelerator"),
    gpus,
    amdgpuDriver: values.get("amdgpuDriver") || null,
    ...amdFacts(values, cards),
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw factsUnreadable(name, `${issue?.path.join(".")}: ${issue?.message}`);
}

// None of these lines is there for a node without an AMD GPU.
function amdFacts(values: ReadonlyMap<string, string>, lines: readonly string[]) {
  if (!values.has("amdgpuModule")) return {};
  const cards = lines.map(parseCard);
  const isVirtual = values.get("machine") === "virtual";
  return {
    pointRelease: /^\d+\.\d+(\.\d+)?/.exec(values.get("osName") ?? "")?.[0],
    gpuModel: gpuModel(cards) ?? undefined,
    secureBoot: values.get("secureBoot"),
    virtualisation: isVirtualFunction(cards) ? "sr-iov" : isVirtual ? "passthrough" : "none",
    amdgpuModule: values.get("amdgpuModule"),
    amdgpuPackage: values.get("amdgpuPackage") || null,
    deviceGroups: (values.get("groups") ?? "")
      .split(" ")
      .filter((group) => ["render", "video"].includes(group))
      .sort(),
    kfd: values.get("kfd"),
  };
}
