import type { UbuntuRelease } from "./base/mirror.ts";

/** What a lab is made with. */
export interface LabOptions {
  /** @default 1 */
  nodes?: number;
  /** @default "24.04" */
  ubuntu?: UbuntuRelease;
  /** Whom the operator logs in as; ubuntu has sudo without a password, as on cloud images. @default "root" */
  user?: "root" | "ubuntu";
  /** Release of the kernel that the nodes run at first. @default 6.8.0-60-generic on 24.04, 5.15.0-140-generic on 22.04 */
  kernel?: string;
  /** Space for what a node writes, in MiB of this machine's memory. @default 1024 */
  diskMiB?: number;
  /** Whether the lab ends with the process that started it; otherwise it stays until `down`. @default true */
  bound?: boolean;
}

/** What the supervisor of a lab is told: all options settled. */
export interface LabConfig {
  id: string;
  nodes: number;
  ubuntu: UbuntuRelease;
  user: "root" | "ubuntu";
  kernel: string;
  diskMiB: number;
  bound: boolean;
  /** Directory of the base that all nodes share. */
  base: string;
  /** Directory of the wheel of uv. */
  installer: string;
  /** The key that opens every node, in OpenSSH's form. */
  authorizedKey: string;
}

/** The kernel of Ubuntu's own that a release is run with when nothing else is said. */
export const defaultKernels = { "22.04": "5.15.0-140-generic", "24.04": "6.8.0-60-generic" } as const;
