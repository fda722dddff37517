import { RocmarkError } from "./errors.ts";
import { signalExitCode } from "./processes.ts";

const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Run an entry point's work: a signal aborts it, an error of ours is printed as its message alone, and what it returns is
 * the exit code.
 */
export async function enter(work: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const abort = new AbortController();
  let ending: NodeJS.Signals | null = null;
  const end = (signal: NodeJS.Signals) => {
    ending ??= signal;
    abort.abort();
  };
  for (const signal of endings) process.on(signal, end);
  try {
    process.exitCode = await work(abort.signal);
  } catch (error) {
    process.exitCode = 1;
    if (ending === null) process.stderr.write(`${describe(error)}\n`);
  } finally {
    // A listener takes the place of the default: without it a signal ends the process again.
    for (const signal of endings) process.off(signal, end);
  }
  if (ending !== null) process.exitCode = signalExitCode(ending);
}

const describe = (error: unknown): string => {
  if (error instanceof RocmarkError) return `${error.message} [${error.code}]`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};
