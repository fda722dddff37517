/**
 * The preview of this project's own stack program for many nodes whose facts are stated, none of which is asked.
 * `npm run bench:scale` finds the engine and starts it; progress goes to stderr, the result is the last line.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeKeyPair } from "../../../ssh/keyPair.ts";
import { refusal } from "../../errors.ts";
import { keepResult } from "../keepResult.ts";
import { readLoad, readMachine } from "../machine.ts";
import { readOptions, runBench, toCount } from "../options.ts";
import { makeProject, repository } from "../project.ts";
import { countCallers } from "./callers.ts";
import { type Preview, preview } from "./preview.ts";
import { lockText, renderHosts, renderStackFile } from "./stackFile.ts";
import { summarise } from "./summarise.ts";

const options = {
  /** Numbers of nodes, the one that the figures are of last. */
  nodes: { type: "string", default: "100,300,1000" },
  repeats: { type: "string", default: "1" },
  /** Pulumi's CLI. */
  pulumi: { type: "string" },
  /** Folder for the result. */
  keep: { type: "string" },
} as const;

async function main(): Promise<void> {
  const values = readOptions(options);
  const counts = values.nodes.split(",").map((count) => toCount("nodes", count, 10_000));
  const repeats = toCount("repeats", values.repeats, 100);
  const { pulumi } = values;
  if (pulumi === undefined) throw refusal("E_FLAG", "--pulumi: wanted Pulumi's CLI, found nothing.");
  const loadBefore = readLoad();
  const directory = await mkdtemp(join(tmpdir(), "rocmark-scale-"));
  const callers = await countCallers();
  try {
    const [privateKeyFile = "", lockFile = "", hostsFile = ""] = ["key", "lock.txt", "hosts.json"].map(
      (name) => join(directory, name),
    );
    const key = makeKeyPair();
    await writeFile(privateKeyFile, key.privateKey, { mode: 0o600 });
    await writeFile(lockFile, lockText);
    const committed = await readFile(join(repository, "stacks", "Pulumi.ssh.yaml"), "utf8");
    const where = { address: "127.0.0.1", port: callers.port, hostKey: key.publicKey, privateKeyFile };
    const previews = new Map<number, Preview[]>(counts.map((count) => [count, []]));
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      for (const numNodes of counts) {
        await writeFile(hostsFile, renderHosts(numNodes, where));
        const project = await makeProject({
          pulumi,
          directory: join(directory, "project"),
          name: "rocmark",
          modules: [join(repository, "stacks", "index.ts")],
          stackFile: renderStackFile(committed, { hostsFile, lockFile }),
        });
        const found = await preview(pulumi, project);
        previews.get(numNodes)?.push(found);
        process.stderr.write(
          `${numNodes} nodes: ${found.seconds} s, ${found.peakMiB} MiB, ${found.resources} resources\n`,
        );
      }
    }
    const { figures, raw } = summarise(previews, callers.count());
    await keepResult(
      {
        schema: 1,
        bench: "scale",
        date: new Date().toISOString().slice(0, 10),
        machine: readMachine(loadBefore),
        figures,
        raw,
      },
      values.keep,
    );
  } finally {
    callers.stop();
    // What the stack program keeps of the hosts of a stack.
    await rm(join(repository, ".rocmark", "facts", "bench.json"), { force: true });
    await rm(directory, { recursive: true, force: true });
  }
}

await runBench(main);
