import type { UbuntuRelease } from "./base/mirror.ts";

/** What a lab is made with. */
export interface LabOptions {
  /** @default 1 */
  nodes?: number;
  /** @default "24.04" */
  ubuntu?: UbuntuRelease;
  /** Whom the operator logs in as; ubuntu has sudo without a password, as on cloud images. @default "root" */
  user?: "root" | "ubuntu";
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
  diskMiB: number;
  bound: boolean;
  /** Directory of the base that all nodes share. */
  base: string;
  /** The key that opens every node, in OpenSSH's form. */
  authorizedKey: string;
}
