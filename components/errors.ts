import * as pulumi from "@pulumi/pulumi";

/**
 * What a component tells its user: wanted, found, which key or file, what next.
 *
 * A RunError, because the Pulumi engine prints its message alone and every other error with a stack trace.
 */
export class RocmarkError extends pulumi.RunError {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${message} [${code}]`);
    this.code = code;
  }
}

/** What node {@link name} said about itself could not be read. */
export const factsUnreadable = (name: string, problem: string): RocmarkError =>
  new RocmarkError(
    "E_FACTS",
    `Node "${name}": its facts could not be read: ${problem}. ` +
      "Run the script of its facts resource by hand on the node to see what it prints.",
  );

/** The lock file holds a line that does not pin one version with a hash. */
export const lockUnpinned = (file: string, line: number, found: string): RocmarkError =>
  new RocmarkError(
    "E_LOCK",
    `${file}, line ${line}: expected "name==version --hash=sha256:...", found "${found}". ` +
      "Make the lock again as CONTRIBUTING.md describes; nothing is installed without hashes.",
  );

/** What is installed on a node differs from what the stack asked for. */
export const notAsAsked = (name: string, differences: readonly string[]): RocmarkError =>
  new RocmarkError(
    "E_VERIFY",
    `Node "${name}" does not hold what was asked:\n${differences.map((line) => `  - ${line}`).join("\n")}\n` +
      "Run `pulumi up` again to install it anew; if it stays, remove the environment's folder on the node first.",
  );
