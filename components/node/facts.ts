import { z } from "zod";
import { factsUnreadable } from "../errors.ts";

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
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    if (at < 1) continue;
    const [key, value] = [line.slice(0, at), line.slice(at + 1).trim()];
    if (key === "gpu") gpus.push(/^\d+$/.test(value) ? toGfx(Number(value)) : value);
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
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw factsUnreadable(name, `${issue?.path.join(".")}: ${issue?.message}`);
}
