/**
 * A failure that a person can act on: `code` for programs, `message` with what was wanted, found, and what next.
 *
 * Not this room's other class, which is Pulumi's: loading Pulumi takes longer than starting a node.
 */
export class NodeError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NodeError";
    this.code = code;
  }
}

export const wrongUse = (reason: string) =>
  new NodeError("E_USAGE", `${reason} Run with --help to see what each command takes.`);

export const keyFileInvalid = (file: string, reason: string, cause?: unknown) =>
  new NodeError(
    "E_NODE_KEY",
    `--authorized-key-file ${file}: ${reason}. It must hold OpenSSH public keys, one a line ("ssh-ed25519 AAAA... comment").`,
    { cause },
  );

export const directoryForeign = (directory: string, found: string) =>
  new NodeError(
    "E_NODE_DIRECTORY",
    `${directory} is not the directory of an emulated node: it has no node.json of ours, but holds ${found}. ` +
      "Nothing was changed. Name another directory, or empty this one yourself.",
  );

export const nodeMismatch = (directory: string, wanted: string, found: string) =>
  new NodeError(
    "E_NODE_MISMATCH",
    `${directory} belongs to ${found}, not to ${wanted}. Nothing was changed. ` +
      "Name the directory of the right node, or stop the other one first.",
  );

export const portTaken = (port: number, holder: string | undefined, pinned: "asked" | "recorded") =>
  new NodeError(
    "E_NODE_PORT",
    `Port ${port} on 127.0.0.1 is taken by ${holder ?? "another program"}. ` +
      (pinned === "asked"
        ? "End that program, or ask for another --port (0 takes any free one)."
        : "This node listened there before, and its address is recorded elsewhere, so it is not changed silently. " +
          "End that program and try again, or stop this node and make it anew to get another port."),
  );

export const portForbidden = (port: number, cause: unknown) =>
  new NodeError(
    "E_NODE_PORT",
    `This user may not listen on port ${port}. Ask for a --port of 1024 or above (0 takes any free one).`,
    { cause },
  );

export const noDiskSpace = (path: string, cause: unknown) =>
  new NodeError(
    "E_NO_SPACE",
    `No space left for ${path}. What existed is as it was; free some space and run this again.`,
    { cause },
  );

export const lockHeld = (lock: string, holder: string, waited: string) =>
  new NodeError(
    "E_NODE_LOCKED",
    `Another command has held ${lock} for ${waited} (${holder}). Wait for it to end, or end it, and try again.`,
  );

export const startFailed = (name: string, reason: string, log: string, cause?: unknown) =>
  new NodeError("E_NODE_START", `Node "${name}" did not start: ${reason}. Its log is ${log}.`, { cause });

/** A failure of the system, with the path in it, in this program's form; everything else is a fault of ours. */
export function explained(error: unknown): unknown {
  if (error instanceof NodeError) return error;
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return noDiskSpace(path ?? "a file", error);
  if (code === undefined || path === undefined) return error;
  return new NodeError(
    "E_NODE_FILES",
    `${message}. Check that the path is right and that this user may read and write there, then run this again.`,
    { cause: error },
  );
}

export const stopFailed = (directory: string, reason: string, cause?: unknown) =>
  new NodeError("E_NODE_STOP", `${directory}: ${reason}`, { cause });
