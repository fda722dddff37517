import { defineCommand } from "citty";
import { recordsArgs, specArgs } from "./place.ts";

export default defineCommand({
  meta: {
    name: "reap",
    description: "List what runs have left on the nodes, and with --end, end and remove it",
  },
  args: {
    ...specArgs,
    end: {
      type: "boolean",
      description: "end processes of runs and remove their directories; not on nodes that are measuring",
      default: false,
    },
    json: recordsArgs.json,
  },
  async run({ args }) {
    const [{ readExperiment }, { sshDialer }, { findRemains, endRemains }, { renderTable }] =
      await Promise.all([
        import("./readExperiment.ts"),
        import("../executors/connection.ts"),
        import("../executors/remains.ts"),
        import("../report/table.ts"),
      ]);
    const { nodes } = await readExperiment(args);
    const dialer = sshDialer();
    try {
      const remains = await Promise.all(
        nodes.map((node) => (args.end ? endRemains : findRemains)(node, dialer)),
      );
      if (args.json) process.stdout.write(`${JSON.stringify({ nodes: remains })}\n`);
      else {
        const rows = remains.map(({ node, lock, processes, runs, error }) => [
          node,
          error === null ? String(runs.length) : "-",
          error === null ? String(processes.length) : "-",
          error ?? lock ?? "no",
        ]);
        const head = ["node", args.end ? "runs left" : "runs", "processes", "measuring"];
        process.stdout.write(`${renderTable([head, ...rows])}\n`);
      }
      if (remains.some(({ error }) => error !== null)) process.exitCode = 1;
    } finally {
      await dialer.close();
    }
  },
});
