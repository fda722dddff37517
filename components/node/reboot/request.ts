import { z } from "zod";

/** What the reboot program is asked, as JSON on its standard input. No secret: the key is named by its file. */
export const rebootSchema = z.strictObject({
  node: z.string(),
  stack: z.string(),
  address: z.looseObject({
    host: z.string(),
    port: z.int(),
    user: z.string(),
    hostKey: z.string(),
    privateKeyFile: z.string(),
  }),
  /** What /sys/module/amdgpu/version has to say; null where no source says it. */
  module: z.string().nullable(),
  /** The driver's release, for words. */
  release: z.string(),
  /** `uname -r` that the driver was built for. */
  kernel: z.string(),
  allowed: z.boolean(),
  timeoutSeconds: z.number().positive(),
  /** What it was asked for; only so that another reason is another request. */
  because: z.unknown().optional(),
});

export type RebootRequest = z.infer<typeof rebootSchema>;

/** What a node says about its boots and its driver. */
export interface BootState {
  bootId: string;
  kernel: string;
  /** Version of the loaded module; null for none, "in-tree" for the kernel's own. */
  module: string | null;
  /** Boot in which the driver's package was last changed; null when no phase changed it. */
  changedIn: string | null;
  /** Boot that was asked to end; null when none was. */
  askedIn: string | null;
  /** Programs that have a GPU open. */
  users: readonly string[];
}

/** What to do about a node, before a reboot or after one. */
export type Decision =
  | { do: "nothing" }
  | { do: "reboot" }
  | {
      do: "refuse";
      refusal: "driverNotLoaded" | "kernelChanged" | "rebootNotAllowed" | "nodeBusy";
      why: string;
    };

/**
 * A reboot is needed while the boot that the driver was changed in still runs, or another module than the pinned one is
 * loaded. When the boots since have not loaded it, another one would not either.
 */
export function decide(request: RebootRequest, state: BootState): Decision {
  const { module, release } = request;
  const isLoaded =
    module === null ? state.module !== null && state.module !== "in-tree" : state.module === module;
  const wasChangedNow = state.changedIn === state.bootId;
  if (isLoaded && !wasChangedNow) return afterwards(request, state);
  const loaded = state.module === "in-tree" ? "the kernel's own amdgpu" : (state.module ?? "no amdgpu");
  const hasBootedSince =
    !wasChangedNow &&
    (state.changedIn !== null || (state.askedIn !== null && state.askedIn !== state.bootId));
  if (hasBootedSince) {
    if (state.kernel !== request.kernel) return afterwards(request, state);
    return {
      do: "refuse",
      refusal: "driverNotLoaded",
      why:
        `after its reboot ${loaded} is loaded, wanted ${module ?? "the module"} of driver ${release}. See why it was passed over: ` +
        "sudo dmesg | grep -i amdgpu; modinfo amdgpu; grep -r amdgpu /etc/modprobe.d; a signature that Secure Boot refuses says so there",
    };
  }
  if (!request.allowed)
    return {
      do: "refuse",
      refusal: "rebootNotAllowed",
      why: `driver ${release} is installed and ${loaded} is loaded; rocmark:software.reboot.allowed is false. Reboot it yourself: sudo systemctl reboot`,
    };
  if (state.users.length > 0)
    return {
      do: "refuse",
      refusal: "nodeBusy",
      why: `driver ${release} needs a reboot, and programs use the GPUs: ${state.users.join(", ")}. End them or wait for them`,
    };
  return { do: "reboot" };
}

function afterwards({ kernel }: RebootRequest, state: BootState): Decision {
  if (state.kernel === kernel) return { do: "nothing" };
  return {
    do: "refuse",
    refusal: "kernelChanged",
    why:
      `kernel ${state.kernel} runs now, and the driver was built for ${kernel}. The next run asks whether the pins fit the new kernel; ` +
      "rocmark:software.kernelUpdates: hold keeps the next one away",
  };
}
