import type { StackRequest } from "../compatibility/stack.ts";
import type { LockedPackage } from "./lock.ts";

/** The packages an environment holds: the parsed lock and its digest. */
export interface Software {
  packages: readonly LockedPackage[];
  /** sha256 over the locks, in hexadecimal. */
  digest: string;
}

/** One environment of a host whose software is pinned. */
export interface Environment extends Software {
  /** "default", or a variant's name. */
  name: string;
  /** Whether PyTorch is pinned: then it comes from PyTorch's index for its ROCm. */
  isPinned: boolean;
  /** Python's minor version where it is pinned. */
  python: string | null;
  /** The lock on this machine; null for the trainer's own, which is in its bundle. */
  lock: string | null;
}

/** What a stack pins of its hosts' software, and how far rocmark may go to get there. */
export interface Pins {
  /** What the version matrix is asked. */
  request: StackRequest;
  environments: readonly Environment[];
  allowUnknown: boolean;
  /** Put aside sources of AMD's that somebody else set up; otherwise they are refused. */
  takeOverSources: boolean;
  reboot: { allowed: boolean; timeoutMinutes: number };
  kernelUpdates: "hold" | "report";
  /** Whether driver and packages go with the stack. */
  removeOnDestroy: boolean;
  /** Fingerprint of the key that signs AMD's repositories, where a mirror signs with its own. @default AMD's */
  keyFingerprint?: string;
}
