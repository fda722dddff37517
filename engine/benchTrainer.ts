/**
 * `npm run bench:trainer [-- OPTIONS]`: the fine-tune measured by `python -m trainer.bench`, in the Python environment that
 * the tests' lock pins (it holds all that the default lock holds, at the same versions).
 *
 * Without options the result is kept among the committed ones, which `npm run bench:table` reads; whoever measures something
 * else says where to keep it.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { enter } from "./entry.ts";
import { localFolder, repository } from "./places.ts";
import { ensurePython } from "./pythonEnvironment.ts";
import { steer } from "./steer.ts";

const argv = process.argv.slice(2);

await enter(async (signal) => {
  const locks = join(repository, "trainer", "locks");
  const files = { installer: join(locks, "uv.txt"), packages: join(locks, "test.txt") };
  const python = await ensurePython(files, process.env, process.stderr, signal);
  signal.throwIfAborted();
  const out = join(localFolder(repository), "bench", "trainer");
  await mkdir(out, { recursive: true });
  const keep = argv.length > 0 ? [] : ["--keep", join(repository, "benchmarks", "bench", "results")];
  return steer({
    command: python,
    args: ["-m", "trainer.bench", "--out", out, ...keep, ...argv],
    cwd: repository,
    env: process.env,
    onInterrupt: () => process.stderr.write("\nInterrupted: the benchmark ends.\n"),
  });
});
