/** `npm test`: the TypeScript tests by vitest, then the trainer's by pytest, in an environment of their own. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { enter } from "./entry.ts";
import { npmBin, repository } from "./places.ts";
import { ensurePython } from "./pythonEnvironment.ts";
import { steer } from "./steer.ts";

const argv = process.argv.slice(2);

/** Run a runner to its end on our terminal; its last lines are its own summary. */
function runTests(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const onInterrupt = () => process.stderr.write(`\nInterrupted: ${name} ends.\n`);
  return steer({ command, args, cwd: repository, env, onInterrupt });
}

/** The quick tests of every room; what the command line names is handed on and narrows them. */
function runVitest(): Promise<number> {
  // Node 24 runs it: the system's, first on the PATH of a plain shell, may be too old for it.
  const env = { ...process.env, PATH: [npmBin(repository), process.env.PATH].join(delimiter) };
  const vitest = join(repository, "node_modules", "vitest", "vitest.mjs");
  return runTests("vitest", process.execPath, [vitest, "run", "--project", "quick", ...argv], env);
}

/** The trainer's tests, 0 when the checkout has none. */
async function runPytest(signal: AbortSignal): Promise<number> {
  const tests = join(repository, "test", "trainer");
  const locks = join(repository, "trainer", "locks");
  const files = { installer: join(locks, "uv.txt"), packages: join(locks, "test.txt") };
  if (![tests, ...Object.values(files)].every((file) => existsSync(file))) return 0;
  const python = await ensurePython(files, process.env, process.stderr, signal);
  // Two threads a core would only wait for each other; the hub is never asked.
  const env = { ...process.env, OMP_NUM_THREADS: "1", HF_HUB_OFFLINE: "1", PYTHONDONTWRITEBYTECODE: "1" };
  const config = join(repository, "trainer", "pyproject.toml");
  // A file stays with one worker: what its tests share is made once. Each imports torch, so a few are enough.
  const workers = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"];
  return runTests("pytest", python, ["-m", "pytest", "-q", ...workers, "-c", config, tests], env);
}

await enter(async (signal) => {
  const vitest = await runVitest();
  signal.throwIfAborted();
  // Names on the command line are vitest's: whoever narrows the tests does not wait for a Python environment.
  const pytest = argv.length > 0 ? 0 : await runPytest(signal);
  return vitest !== 0 ? vitest : pytest;
});
