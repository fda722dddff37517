import { join } from "node:path";
import { Archives } from "./archives.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { type Fault, faultsOf, isWithdrawn } from "./faults.ts";
import { readInstaller } from "./installer.ts";
import { toLockedWheels } from "./lock.ts";
import { PythonIndexes } from "./pythonIndex.ts";
import { serve } from "./server.ts";
import { SigningKey } from "./signing.ts";

/** Names that lead to the lab's repository, as the real ones are called. */
export const repositoryNames = [
  "repo.radeon.com",
  "download.pytorch.org",
  "pypi.org",
  "files.pythonhosted.org",
  "archive.ubuntu.com",
  "security.ubuntu.com",
] as const;

/** Where AMD publishes its key. */
const keyAddress = "repo.radeon.com/rocm/rocm.gpg.key";

/** Keys of one lab: AMD's, Ubuntu's, and one that nobody has published. */
interface Keys {
  amd: SigningKey;
  ubuntu: SigningKey;
  stranger: SigningKey;
}

/** All that the nodes fetch: archives of AMD and Ubuntu, PyTorch's indexes and PyPI, each under its own name. */
export class Repository {
  readonly certificates: Certificates;
  readonly keys: Keys;
  readonly #archives: Archives;
  readonly #indexes: PythonIndexes;
  readonly #kernels = new Set<string>();
  #faults: Fault[] = [];
  #requests: string[] = [];

  private constructor(certificates: Certificates, keys: Keys, indexes: PythonIndexes) {
    this.certificates = certificates;
    this.keys = keys;
    this.#indexes = indexes;
    this.#archives = new Archives(() => ({
      kernels: [...this.#kernels],
      isWithdrawn: (stub) => isWithdrawn(this.#faults, stub),
      amdKey: this.#has("foreign-key") || this.#has("foreign-signature") ? keys.stranger : keys.amd,
      ubuntuKey: keys.ubuntu,
    }));
  }

  /**
   * Makes keys and certificates.
   *
   * @param directory for them; its path is short, because gpg's agent has a socket there
   * @param installer directory of the real uv
   */
  static async make(directory: string, installer: string): Promise<Repository> {
    const [certificates, amd, ubuntu, stranger, wheels] = await Promise.all([
      makeCertificates(join(directory, "tls"), repositoryNames),
      SigningKey.make(join(directory, "amd"), "AMD's stand-in <amd@lab.example.net>", "rsa2048"),
      SigningKey.make(join(directory, "ubuntu"), "Ubuntu's stand-in <ubuntu@lab.example.net>", "ed25519"),
      SigningKey.make(join(directory, "stranger"), "Somebody else <stranger@lab.example.net>", "ed25519"),
      readInstaller(installer),
    ]);
    return new Repository(
      certificates,
      { amd, ubuntu, stranger },
      new PythonIndexes([...wheels, ...toLockedWheels()]),
    );
  }

  /** Listens at an address of the lab. */
  listen(address: string): Promise<void> {
    return serve(address, this.certificates, {
      read: (wanted) => this.#read(wanted),
      faults: (wanted) => faultsOf(this.#faults, wanted),
    });
  }

  /** Puts a kernel into Ubuntu's archive. The newest of a series is the one that upgrades take. */
  addKernel(release: string): void {
    this.#kernels.add(release);
    this.#archives.forget();
  }

  /** Makes something go wrong, until {@link heal}. */
  spoil(fault: Fault): void {
    this.#faults = [...this.#faults, fault];
    this.#archives.forget();
  }

  heal(): void {
    this.#faults = [];
    this.#archives.forget();
  }

  /** Addresses that were asked for since the last call, in order. */
  takeRequests(): string[] {
    const requests = this.#requests;
    this.#requests = [];
    return requests;
  }

  async #read(address: string): Promise<Buffer | undefined> {
    this.#requests.push(address);
    if (address === keyAddress)
      return Buffer.from((this.#has("foreign-key") ? this.keys.stranger : this.keys.amd).armoured);
    return (await this.#archives.read(address)) ?? this.#indexes.read(address);
  }

  #has(kind: Fault["kind"]): boolean {
    return this.#faults.some((fault) => fault.kind === kind);
  }
}
