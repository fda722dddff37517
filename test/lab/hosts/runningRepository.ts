import { callControl } from "./control.ts";
import type { Fault } from "./repository/faults.ts";

/**
 * The repository of a running lab: what the nodes fetch, and what goes wrong there.
 *
 * A path is one address or all that begin with it: `/amdgpu/30.20.1/`, or with the host's name before it.
 */
export class LabRepository {
  /** Fingerprint of the key that stands for AMD's: 40 hexadecimal digits. */
  readonly fingerprint: string;
  readonly #control: string;

  private constructor(control: string, fingerprint: string) {
    this.#control = control;
    this.fingerprint = fingerprint;
  }

  static async connect(control: string): Promise<LabRepository> {
    const { fingerprint } = (await callControl(control, "repository", [])) as { fingerprint: string };
    return new LabRepository(control, fingerprint);
  }

  /** 404 for what lies under a path. */
  gone(path: string): Promise<void> {
    return this.#spoil({ kind: "gone", path });
  }

  /** What lies under a path comes with a byte changed, so that it fits no hash; a wheel can still be unpacked. */
  corrupt(path: string): Promise<void> {
    return this.#spoil({ kind: "corrupt", path });
  }

  /** What lies under a path comes no faster. */
  slow(path: string, bytesPerSecond: number): Promise<void> {
    return this.#spoil({ kind: "slow", path, bytesPerSecond });
  }

  /** The connection is reset after so many bytes of what lies under a path. */
  cut(path: string, afterBytes: number): Promise<void> {
    return this.#spoil({ kind: "cut", path, afterBytes });
  }

  /** A package is not in its index any more; one version of it, where that is given. */
  withdraw(name: string, version?: string): Promise<void> {
    return this.#spoil({ kind: "withdrawn", name, ...(version === undefined ? {} : { version }) });
  }

  /** AMD's archives are signed by a key that nobody published. */
  foreignSignature(): Promise<void> {
    return this.#spoil({ kind: "foreign-signature" });
  }

  /** AMD publishes another key than the one with {@link fingerprint}, and signs with it. */
  foreignKey(): Promise<void> {
    return this.#spoil({ kind: "foreign-key" });
  }

  /** Everything as it was at the start. */
  heal(): Promise<void> {
    return callControl(this.#control, "heal", []) as Promise<never>;
  }

  /** Ubuntu publishes a kernel, `6.8.0-71-generic`: the newest of its series is what an upgrade takes. */
  publishKernel(release: string): Promise<void> {
    return callControl(this.#control, "addKernel", [release]) as Promise<never>;
  }

  /** Addresses without the scheme that the nodes asked for since the last call. */
  takeRequests(): Promise<string[]> {
    return callControl(this.#control, "takeRequests", []) as Promise<string[]>;
  }

  #spoil(fault: Fault): Promise<void> {
    return callControl(this.#control, "spoil", [fault]) as Promise<never>;
  }
}
