/** The Python half of `npm run check`: ruff's rules and layout, with the ruff that the tests' lock pins. */
import { join } from "node:path";
import { enter } from "./entry.ts";
import { repository } from "./places.ts";
import { ensurePython } from "./pythonEnvironment.ts";
import { steer } from "./steer.ts";

const locks = join(repository, "trainer", "locks");
const config = join(repository, "trainer", "pyproject.toml");

// A test's name is its documentation, so tests need no docstring.
const runs: readonly (readonly string[])[] = [
  ["check", "--config", config, "trainer"],
  ["check", "--config", config, "--ignore", "D1", "test/trainer"],
  ["format", "--check", "--config", config, "trainer", "test/trainer"],
];

await enter(async (signal) => {
  const files = { installer: join(locks, "uv.txt"), packages: join(locks, "test.txt") };
  const python = await ensurePython(files, process.env, process.stderr, signal);
  for (const words of runs) {
    const args = ["-m", "ruff", ...words];
    const exitCode = await steer({
      command: python,
      args,
      cwd: repository,
      env: process.env,
      onInterrupt: () => undefined,
    });
    if (exitCode !== 0) return exitCode;
  }
  return 0;
});
