import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { RocmarkError, refusal } from "../errors.ts";

/** The options of a benchmark's command line; what it does not know is refused. */
export function readOptions<T extends ParseArgsOptionsConfig>(options: T) {
  try {
    return parseArgs({ options }).values;
  } catch (cause) {
    throw refusal("E_FLAG", (cause as Error).message, cause);
  }
}

/** A whole number from 1 to a limit. */
export function toCount(option: string, given: string, limit: number): number {
  const count = Number(given);
  if (Number.isInteger(count) && count > 0 && count <= limit) return count;
  throw refusal("E_FLAG", `--${option}: wanted a whole number from 1 to ${limit}, found "${given}".`);
}

/** Run a benchmark: an error of ours is its message alone. */
export async function runBench(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RocmarkError)) throw error;
    process.stderr.write(`${error.message} [${error.code}]\n`);
    process.exitCode = error.exitCode;
  }
}
