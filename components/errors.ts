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

/** The version matrix stands against what the stack pins, on the nodes that the message names. */
export const softwareRefused = (message: string): RocmarkError => new RocmarkError("E_SOFTWARE", message);

/** Private keys of hosts that cannot be read on this machine. */
export const keysUnreadable = (
  keys: readonly { file: string; problem: string; nodes: readonly string[] }[],
): RocmarkError =>
  new RocmarkError(
    "E_KEY",
    "rocmark:nodes.hosts: privateKeyFile has to name a private key that you can read; these cannot be read:\n" +
      `${keys.map(({ file, problem, nodes }) => `  - ${file}: ${problem} (${several(nodes)})`).join("\n")}\n` +
      "Give the file's absolute path, as ~ stands for nothing there; it should be readable by you alone (chmod 600).",
  );

const several = (nodes: readonly string[]): string =>
  nodes.length > 4 ? `${nodes.slice(0, 3).join(", ")} and ${nodes.length - 3} more` : nodes.join(", ");

/** Hosts that had to be read before anything is touched, and could not be. */
export const nodesUnread = (failures: readonly { node: string; reason: string }[]): RocmarkError =>
  new RocmarkError(
    "E_UNREAD",
    "The stack pins software, so its nodes are asked what they are before anything is touched; these could not be asked:\n" +
      `${failures.map(({ node, reason }) => `  - ${node}: ${reason}`).join("\n")}\n` +
      "Make them reachable, or say what you know of them under facts of their hosts in rocmark:nodes.hosts.",
  );

/** Hosts without a GPU of AMD, for which the stack pins AMD's software. */
export const noAmdGpu = (nodes: readonly { node: string; found: string }[]): RocmarkError =>
  new RocmarkError(
    "E_NO_GPU",
    "The stack pins AMD's software; these nodes have no AMD GPU on their PCI bus:\n" +
      `${nodes.map(({ node, found }) => `  - ${node}: found ${found}`).join("\n")}\n` +
      "Take them out of rocmark:nodes.hosts, or look whether the GPU is handed to this machine: lspci -nn -d 1002:",
  );

/** What is on a host differs from what its stack pins. */
export const notAsPinned = (name: string, stack: string, differences: readonly string[]): RocmarkError =>
  new RocmarkError(
    "E_VERIFY",
    `Node "${name}", phase verification: it does not hold what the stack pins:\n` +
      `${differences.map((line) => `  - ${line}`).join("\n")}\n` +
      `To continue: npx pulumi up --stack ${stack}`,
  );
