/** The only error this room throws on purpose: `exitCode` 2 is a refusal or wrong use, 1 a failure. */
export class RocmarkError extends Error {
  readonly code: string;
  readonly exitCode: 1 | 2;

  constructor(code: string, message: string, options: { cause?: unknown; exitCode?: 1 | 2 } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RocmarkError";
    this.code = code;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** What was thrown, as one line of text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Wrong use or input that is refused: exit code 2. */
export function refusal(code: string, message: string, cause?: unknown): RocmarkError {
  return new RocmarkError(code, message, { exitCode: 2, cause });
}

export const recordRefused = (file: string, path: string, wanted: string, found: string) =>
  refusal(
    "E_RECORD",
    `${file}: ${path || "the record"}: wanted ${wanted}, found ${found}. ` +
      "The file is left as it is; move it out of the records directory if it does not belong there.",
  );

export const specRefused = (source: string, path: string, problem: string) =>
  refusal("E_SPEC", `Experiment from ${source}: ${path || "the document"}: ${problem}.`);

export const runExists = (path: string) =>
  refusal("E_RECORD_EXISTS", `${path} exists already. A record is written once; the store only grows.`);

export const nodeLocked = (node: string, owner: string, secondsLeft: number) =>
  refusal(
    "E_NODE_BUSY",
    `Node "${node}" is measuring for ${owner}; its lock ends in ${secondsLeft} s unless renewed. ` +
      "Two suites at once would disturb each other's timing: wait, or stop the other one.",
  );

export const runRefused = (node: string, wanted: string, found: string) =>
  new RocmarkError("E_NODE", `Node "${node}": wanted ${wanted}, found ${found}.`);
