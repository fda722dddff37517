import type { StubPackage } from "./stub.ts";

/** What goes wrong at the repository. A path fits every address that begins with it, with or without the host's name. */
export type Fault =
  /** 404. */
  | { kind: "gone"; path: string }
  /** One byte is another one: no hash fits. */
  | { kind: "corrupt"; path: string }
  /** So many bytes a second. */
  | { kind: "slow"; path: string; bytesPerSecond: number }
  /** The connection is reset after so many bytes of the content. */
  | { kind: "cut"; path: string; afterBytes: number }
  /** An index that does not list a package; of one version, where that is given. */
  | { kind: "withdrawn"; name: string; version?: string }
  /** AMD's archives are signed with another key than the one that AMD publishes. */
  | { kind: "foreign-signature" }
  /** AMD's published key is another one, and so is the signature. */
  | { kind: "foreign-key" };

/** Whether a fault's path means an address such as `repo.radeon.com/amdgpu/30.20.1/...`. */
export const isMeant = (path: string, address: string): boolean =>
  path.startsWith("/") ? address.slice(address.indexOf("/")).startsWith(path) : address.startsWith(path);

/** Whether the faults take a package out of its index. */
export const isWithdrawn = (faults: readonly Fault[], { name, version }: StubPackage): boolean =>
  faults.some(
    (fault) =>
      fault.kind === "withdrawn" &&
      fault.name === name &&
      (fault.version === undefined || fault.version === version),
  );

/** The fault of each kind that an address has; of two of a kind the later one. */
export type FaultsOf = { [Kind in Fault["kind"]]?: Extract<Fault, { kind: Kind }> };

export const faultsOf = (faults: readonly Fault[], address: string): FaultsOf =>
  Object.fromEntries(
    faults
      .filter((fault) => "path" in fault && isMeant(fault.path, address))
      .map((fault) => [fault.kind, fault]),
  );
