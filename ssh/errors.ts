/**
 * Every way an SSH operation fails, and the only place that words it.
 *
 * No message holds a command, its input or a credential: messages end in Pulumi's state, in logs and in terminals.
 */
export type SshErrorCode =
  | "E_SSH_SETTINGS"
  | "E_SSH_HOST_KEY"
  | "E_SSH_AUTH"
  | "E_SSH_REFUSED"
  | "E_SSH_UNREACHABLE"
  | "E_SSH_TIMEOUT"
  | "E_SSH_LOST"
  | "E_SSH_CHANNEL"
  | "E_SSH_CANCELLED"
  | "E_UPLOAD"
  | "E_DOWNLOAD";

/** What went wrong between here and a node; `code` is for programs, `message` for people. */
export class SshError extends Error {
  readonly code: SshErrorCode;

  constructor(code: SshErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "SshError";
    this.code = code;
  }
}

/** True for failures that say "nobody is there", as opposed to "somebody said no". */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof SshError && ["E_SSH_REFUSED", "E_SSH_UNREACHABLE", "E_SSH_LOST"].includes(error.code);

export const badSetting = (setting: string, wanted: string, found: string, cause?: unknown) =>
  new SshError("E_SSH_SETTINGS", `SSH setting "${setting}": expected ${wanted}, got ${found}.`, { cause });

export const noCredentials = (node: string) =>
  new SshError(
    "E_SSH_SETTINGS",
    `No credentials for ${node}: give a private key, a password or the socket of an SSH agent ` +
      "(SSH_AUTH_SOCK is not set either).",
  );

export const hostKeyMismatch = (node: string, expected: readonly string[], found: string, where: string) =>
  new SshError(
    "E_SSH_HOST_KEY",
    `The host key of ${node} is not the expected one: expected ${expected.join(" or ")}, found ${found}. ` +
      `Either the host was reinstalled or somebody is in between. If the new key is right (compare it with ` +
      `ssh-keygen -lf on the host itself), put it in ${where}.`,
  );

export const hostKeyUnknown = (node: string, found: string, line: string, where: string) =>
  new SshError(
    "E_SSH_HOST_KEY",
    `The host key of ${node} is not known: found ${found}, and ${where} has no entry for it. ` +
      `Compare it with ssh-keygen -lf on the host itself, then pin it: hostKey: "${line}".`,
  );

export const hostKeyRevoked = (node: string, found: string, where: string) =>
  new SshError(
    "E_SSH_HOST_KEY",
    `The host key of ${node} (${found}) is marked @revoked in ${where}. Not connecting.`,
  );

export const authenticationFailed = (node: string, user: string, tried: string, cause: unknown) =>
  new SshError(
    "E_SSH_AUTH",
    `${node} did not accept user "${user}" (tried: ${tried}). Check the user name, and that the key is in the ` +
      "user's authorized_keys there.",
    { cause },
  );

export const refused = (node: string, attempts: number, cause: unknown) =>
  new SshError(
    "E_SSH_REFUSED",
    `${node} refused or reset the connection (${times(attempts)}). Check that an SSH server listens on this port, ` +
      "or raise dialErrorLimit when the host is still starting.",
    { cause },
  );

export const unreachable = (node: string, attempts: number, reason: string, cause: unknown) =>
  new SshError(
    "E_SSH_UNREACHABLE",
    `${node} cannot be reached (${reason}, ${times(attempts)}). Check the address and that the port is open from here.`,
    { cause },
  );

export const handshakeTimedOut = (node: string, seconds: number) =>
  new SshError(
    "E_SSH_TIMEOUT",
    `${node} accepted the connection but did not finish the SSH handshake within ${seconds} s. ` +
      "Check that the port belongs to an SSH server, or raise the dial time limit.",
  );

export const handshakeFailed = (node: string, reason: string, cause: unknown) =>
  new SshError("E_SSH_CHANNEL", `The SSH handshake with ${node} failed: ${reason}.`, { cause });

export const commandTimedOut = (node: string, seconds: number, ended: boolean) =>
  new SshError("E_SSH_TIMEOUT", `A command on ${node} did not end within ${seconds} s; ${endOf(ended)}.`);

export const cancelled = (node: string, ended: boolean | null) =>
  new SshError(
    "E_SSH_CANCELLED",
    ended === null ? `Cancelled before anything ran on ${node}.` : `Cancelled on ${node}; ${endOf(ended)}.`,
  );

export const connectionLost = (node: string, cause?: unknown) =>
  new SshError("E_SSH_LOST", `The connection to ${node} was lost. What ran there may still be running.`, {
    cause,
  });

export const channelRefused = (node: string, cause: unknown) =>
  new SshError(
    "E_SSH_CHANNEL",
    `${node} refused to open a session on a standing connection. Check MaxSessions in its sshd_config, and whether ` +
      "the account may run commands.",
    { cause },
  );

export const poolClosed = () => new SshError("E_SSH_CANCELLED", "The connection pool is closed.");

export const uploadFailed = (node: string, path: string, reason: string, cause?: unknown) =>
  new SshError(
    "E_UPLOAD",
    `Upload to ${node}:${path} failed: ${reason}. What was there before is untouched.`,
    { cause },
  );

export const treeUploadFailed = (node: string, path: string, reason: string, cause?: unknown) =>
  new SshError("E_UPLOAD", `Upload of a directory to ${node}:${path} failed: ${reason}.`, { cause });

export const downloadFailed = (node: string, path: string, reason: string, cause?: unknown) =>
  new SshError("E_DOWNLOAD", `Download of ${node}:${path} failed: ${reason}.`, { cause });

const times = (attempts: number) => (attempts === 1 ? "1 attempt" : `${attempts} attempts`);
const endOf = (ended: boolean) =>
  ended ? "it and its children were ended" : "it may still be running, because the node did not answer";
