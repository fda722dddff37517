import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "citty";
import { refusal } from "../errors.ts";
import { project, recordsArgs, recordsDirectory, specArgs } from "./place.ts";

export default defineCommand({
  meta: {
    name: "doctor",
    description: "Say whether this machine is ready, or with --stack whether a stack's nodes are fit",
  },
  args: {
    stack: {
      type: "string",
      description:
        "look at the nodes of this stack: drift since they were verified, and a check of each device",
      valueHint: "NAME",
    },
    spec: {
      ...specArgs.spec,
      description: "the same for the nodes of an experiment from a FILE, or - for standard input",
    },
    records: recordsArgs.records,
    json: recordsArgs.json,
  },
  async run({ args }) {
    if (args.stack === undefined && args.spec === undefined) return checkMachine(args);
    const [{ readExperiment }, { askNodes }, { renderNodes }] = await Promise.all([
      import("./readExperiment.ts"),
      import("../doctor/askNodes.ts"),
      import("../doctor/nodesText.ts"),
    ]);
    if (args.stack !== undefined && args.spec !== undefined)
      throw refusal("E_FLAG", "--spec and --stack each name the nodes: give one of them.");
    const { nodes } = await readExperiment({ spec: args.spec, stack: args.stack ?? "" });
    const found = await askNodes(nodes);
    process.stdout.write(args.json ? `${JSON.stringify({ nodes: found })}\n` : `${renderNodes(found)}\n`);
    if (found.some(({ state }) => state !== "fit")) process.exitCode = 1;
  },
});

async function checkMachine({ records: given, json }: { records?: string | undefined; json: boolean }) {
  const [{ checkRecords }, { runChild }] = await Promise.all([
    import("../store/checkRecords.ts"),
    import("../childProcess.ts"),
  ]);
  const records = await checkRecords(recordsDirectory(given));
  const engine = join(project, "engine", "doctor.ts");
  const { stdout, code } = existsSync(engine)
    ? await runChild(process.execPath, [engine, ...(json ? ["--json"] : [])], {
        onStderr: (text) => process.stderr.write(text),
      })
    : { stdout: json ? "[]" : "", code: 0 };
  if (json) {
    const checks = JSON.parse(stdout || "[]") as unknown[];
    process.stdout.write(`${JSON.stringify([...checks, records], null, 2)}\n`);
  } else {
    process.stdout.write(`${stdout.trimEnd()}\n\nrecords: ${records.found}\n`);
    if (records.state !== "ok") process.stdout.write(`  ${records.remedy}\n`);
  }
  process.exitCode = code ?? 1;
}
