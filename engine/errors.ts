/** What engine/ tells its user: wanted, found, which file or variable, what next. Only its entry points print it. */
export class RocmarkError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RocmarkError";
    this.code = code;
  }
}

/** One way to the engine that was tried, and why it led nowhere. */
export interface Attempt {
  /** The way, as a reader would call it: "PATH", "Pulumi's cache", ... */
  way: string;
  /** Why it gave no engine, as the end of a sentence. */
  reason: string;
}

/** No way gave a Pulumi engine. */
export const engineMissing = (wanted: string, attempts: readonly Attempt[], remedy: string): RocmarkError =>
  new RocmarkError(
    "E_ENGINE_MISSING",
    `No Pulumi engine (pulumi ${wanted} or newer, and pulumi-language-nodejs) could be found or got. Tried:\n` +
      `${attempts.map(({ way, reason }) => `  - ${way}: ${reason}`).join("\n")}\n${remedy}`,
  );

/** What a source left behind does not run, or says it is another version. */
export const engineUnsound = (file: string, wanted: string, found: string): RocmarkError =>
  new RocmarkError(
    "E_ENGINE_UNSOUND",
    `${file} should answer "${wanted}" when asked for its version and said: ${found}. It was not kept. ` +
      "Free disk space or memory if the machine is short of it, then run the same command again.",
  );

/** Another Pulumi process holds the local stack. */
export const stackBusy = (holders: readonly string[], directory: string): RocmarkError =>
  new RocmarkError(
    "E_STACK_BUSY",
    `The stack "local" is in use by ${holders.join(" and ")} (locks in ${directory}). ` +
      "Wait until it ends and run the same command again. " +
      "If you know that it is dead, `npx pulumi cancel --yes --stack local` frees the stack.",
  );

/** A step of `npm start` or `npm test` ended with a failure of its own, printed above. */
export const stepFailed = (step: string, exitCode: number, next: string): RocmarkError =>
  new RocmarkError(
    "E_STEP",
    `${step} ended with exit code ${exitCode}; its own lines above say why. ${next}`,
  );

/** A program that a step needs is not there. */
export const programMissing = (
  program: string,
  step: string,
  remedy: string,
  cause?: unknown,
): RocmarkError =>
  new RocmarkError("E_PROGRAM", `${step} needs ${program}, which was not found. ${remedy}`, { cause });

/** The passphrase of the local stack cannot be used. */
export const passphraseUnusable = (file: string, found: string): RocmarkError =>
  new RocmarkError(
    "E_PASSPHRASE",
    `${file} should hold the passphrase of the stack "local": ${found}. ` +
      "Put the file back, or set PULUMI_CONFIG_PASSPHRASE if you know the passphrase. " +
      "Without it the stack's secrets are lost: end its nodes, remove the folder .rocmark and run `npm start`.",
  );

/** A Python environment could not be made. */
export const environmentFailed = (environment: string, step: string, why: string): RocmarkError =>
  new RocmarkError(
    "E_ENVIRONMENT",
    `The Python environment ${environment} could not be made: ${step} failed:\n${why}\n` +
      "Correct that and run the same command again. A hash mismatch means that the package index served another file " +
      "than the one that was locked.",
  );
