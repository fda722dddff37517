/** What a failed operation says, and the only place that words it. Never a command's text: it may hold a secret. */
export class ProviderError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "ProviderError";
    this.code = code;
  }
}

/** Lines of standard error that a failure shows. */
const SHOWN_LINES = 20;

export type Phase = "create" | "update" | "delete" | "read" | "run";

export interface Ending {
  exitCode: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export function commandFailed(phase: Phase, where: string, ending: Ending): ProviderError {
  const how = ending.signal === null ? `exit code ${ending.exitCode}` : `ended by ${ending.signal}`;
  const lines = ending.stderr.trimEnd().split("\n");
  const shown = lines.slice(-SHOWN_LINES);
  const what =
    ending.stderr.trim() === ""
      ? "it wrote nothing on standard error"
      : `${lines.length > shown.length ? `last ${shown.length} of ${lines.length} lines` : "what it wrote"} on standard error:\n${shown.join("\n")}`;
  return new ProviderError("E_COMMAND", `${phase} on ${where}: ${how}; ${what}`);
}

export const commandNotStarted = (phase: Phase, program: string, directory: string, cause: unknown) =>
  new ProviderError(
    "E_COMMAND",
    `${phase} on this machine: "${program}" could not be started in ${directory} ` +
      `(${(cause as NodeJS.ErrnoException).code ?? "unknown reason"}). Check interpreter and dir.`,
    { cause },
  );

export const commandCancelled = (phase: Phase) =>
  new ProviderError(
    "E_CANCELLED",
    `${phase} on this machine: cancelled; the command and its children were ended.`,
  );

export const operationTimedOut = (phase: Phase, seconds: number, cause: unknown) =>
  new ProviderError(
    "E_TIMEOUT",
    `${phase}: not done within ${seconds} s, the limit of customTimeouts. ${(cause as Error).message}`,
    { cause },
  );

export const unknownType = (token: string, known: readonly string[]) =>
  new ProviderError("E_TYPE", `This plugin has no ${token}; it has ${known.join(", ")}.`);

export const badSource = (reason: string, cause?: unknown) =>
  new ProviderError("E_SOURCE", `source: ${reason}.`, { cause });

export const skippedDelete = (where: string, reason: string) =>
  `The delete command was not run: ${reason} Going on without it, because PULUMI_COMMAND_DELETE_UNREACHABLE is set; ` +
  `what it would have removed on ${where} may still be there.`;

export const notRead = (urn: string, cause: Error) =>
  new ProviderError(
    "E_UNREAD",
    `read: ${cause.message} The state stays as it was. Refresh again once the node answers, or all others without it: ` +
      `pulumi refresh --exclude '${urn}'.`,
    { cause },
  );
