/**
 * `npm run bench:provisioning [-- OPTIONS]`: the same work on the same nodes by rocmark, pyinfra, Ansible and plain ssh.
 *
 * pyinfra and Ansible come from their lock into an environment of their own. Where they cannot be installed their figures are
 * missing, with the reason. Without options the result is kept among the committed ones, which `npm run bench:table` reads.
 */
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { enter } from "./entry.ts";
import { pulumiEnvironment, remoteWork } from "./environment.ts";
import { RocmarkError } from "./errors.ts";
import { ensureEngine } from "./locate.ts";
import { repository } from "./places.ts";
import { ensurePython } from "./pythonEnvironment.ts";
import { steer } from "./steer.ts";

const argv = process.argv.slice(2);
const bench = join(repository, "benchmarks", "bench");

async function findTools(signal: AbortSignal): Promise<string[]> {
  const locks = {
    installer: join(repository, "trainer", "locks", "uv.txt"),
    packages: join(bench, "provisioning", "locks", "tools.txt"),
    what: "pyinfra and Ansible",
  };
  try {
    return ["--tools", dirname(await ensurePython(locks, process.env, process.stderr, signal))];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof RocmarkError)) throw error;
    return ["--no-tools", `they could not be installed: ${error.message.split("\n")[0]}`];
  }
}

await enter(async (signal) => {
  const engine = await ensureEngine({ env: process.env, progress: process.stderr, signal });
  const tools = await findTools(signal);
  const keep = argv.length > 0 ? [] : ["--keep", join(bench, "results")];
  return steer({
    command: process.execPath,
    args: [join(bench, "provisioning", "main.ts"), "--pulumi", engine.cli, ...tools, ...keep, ...argv],
    cwd: repository,
    // As `npx pulumi` sets it for a stack of hosts.
    env: pulumiEnvironment(engine, repository, process.env, remoteWork(availableParallelism())),
    onInterrupt: () => process.stderr.write("\nInterrupted: the benchmark ends.\n"),
  });
});
