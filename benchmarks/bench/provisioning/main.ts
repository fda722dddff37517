/**
 * The same ten steps on every node by rocmark, pyinfra, Ansible and plain ssh, cold and once more with nothing to do.
 * `npm run bench:provisioning` finds engine and tools and starts it; progress goes to stderr, the result is the last line.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refusal } from "../../errors.ts";
import { keepResult } from "../keepResult.ts";
import { readLoad, readMachine } from "../machine.ts";
import { readOptions, runBench, toCount } from "../options.ts";
import { measure } from "./measure.ts";
import { ansibleSide } from "./sides/ansible.ts";
import { pyinfraSide } from "./sides/pyinfra.ts";
import { rocmarkSide } from "./sides/rocmark.ts";
import type { Side } from "./sides/side.ts";
import { sshSide } from "./sides/ssh.ts";
import { tenSteps } from "./steps.ts";
import { summarise } from "./summarise.ts";
import { startTargets } from "./targets.ts";

const options = {
  nodes: { type: "string", default: "16" },
  repeats: { type: "string", default: "5" },
  /** Pulumi's CLI. */
  pulumi: { type: "string" },
  /** Folder of the programs pyinfra and ansible-playbook, or why there is none. */
  tools: { type: "string" },
  "no-tools": { type: "string" },
  /** Folder for the result. */
  keep: { type: "string" },
} as const;

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const values = readOptions(options);
  const [numNodes, repeats] = [toCount("nodes", values.nodes, 256), toCount("repeats", values.repeats, 100)];
  if (values.pulumi === undefined) throw refusal("E_FLAG", "--pulumi: wanted Pulumi's CLI, found nothing.");
  const before = readLoad();
  // Ansible's sockets have long names and 108 bytes for a path.
  const directory = await mkdtemp(join(tmpdir(), "rb-"));
  const targets = await startTargets(directory, numNodes);
  const end = async () => {
    await targets.stop();
    await rm(directory, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void end().finally(() => process.exit(130)));
  try {
    const at = (name: string) => join(directory, name);
    const sides: Side[] = [rocmarkSide(targets, values.pulumi, at("rocmark")), sshSide(targets)];
    const missing: Record<string, string> = {};
    if (values.tools === undefined)
      for (const name of ["pyinfra", "ansible"])
        missing[name] = values["no-tools"] ?? "no folder of tools was given";
    else
      sides.push(
        pyinfraSide(targets, values.tools, at("pyinfra")),
        ansibleSide(targets, values.tools, at("ansible")),
      );

    const times = await measure(sides, targets, repeats, say);
    const { figures, reasons } = summarise(times, missing);
    const measured = await Promise.all(
      sides.map(async (side) => [side.name, { version: await side.version(), ...times.get(side.name) }]),
    );
    await keepResult(
      {
        schema: 1,
        bench: "provisioning",
        date: new Date().toISOString().slice(0, 10),
        machine: readMachine(before),
        figures,
        raw: {
          nodes: numNodes,
          repeats,
          steps: tenSteps.map(({ title }) => title),
          sides: Object.fromEntries(measured),
          reasons,
        },
      },
      values.keep,
    );
  } finally {
    await end();
  }
}

await runBench(main);
