/** Lines of standard error that a failure shows. */
const shownLines = 20;

/**
 * Why a command failed: where, how it ended, and the last lines it wrote on standard error with secrets masked.
 *
 * Never the command itself: it may hold a secret, and an error ends in logs and state.
 */
export function commandFailed(
  where: string,
  ending: { exitCode: number | null; signal: string | null },
  stderr: string,
  secrets: readonly string[],
): Error {
  const how = ending.signal === null ? `exit code ${ending.exitCode}` : `ended by ${ending.signal}`;
  let tail = stderr.trimEnd().split("\n").slice(-shownLines).join("\n");
  for (const secret of secrets) tail = tail.replaceAll(secret, "[secret]");
  return new Error(`${where}: ${how}${tail === "" ? ", nothing on standard error" : `:\n${tail}`}`);
}
