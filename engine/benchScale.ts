/**
 * `npm run bench:scale [-- OPTIONS]`: how long the preview of a stack of many nodes takes, and how much memory.
 *
 * Without options the result is kept among the committed ones, which `npm run bench:table` reads.
 */
import { join } from "node:path";
import { enter } from "./entry.ts";
import { pulumiEnvironment } from "./environment.ts";
import { ensureEngine } from "./locate.ts";
import { repository } from "./places.ts";
import { steer } from "./steer.ts";

const argv = process.argv.slice(2);
const bench = join(repository, "benchmarks", "bench");

await enter(async (signal) => {
  const engine = await ensureEngine({ env: process.env, progress: process.stderr, signal });
  const keep = argv.length > 0 ? [] : ["--keep", join(bench, "results")];
  return steer({
    command: process.execPath,
    args: [join(bench, "scale", "main.ts"), "--pulumi", engine.cli, ...keep, ...argv],
    cwd: repository,
    env: pulumiEnvironment(engine, repository, process.env, {}),
    onInterrupt: () => process.stderr.write("\nInterrupted: the benchmark ends.\n"),
  });
});
