import { join } from "node:path";
import { z } from "zod";
import { runChild } from "../childProcess.ts";
import { project } from "../commands/place.ts";
import { RocmarkError } from "../errors.ts";
import { sshDialer } from "../executors/connection.ts";
import { findRemains } from "../executors/remains.ts";
import type { ExperimentNode } from "../experiment.ts";

const driftSchema = z.strictObject({
  node: z.string(),
  /** unknown: it could not be looked at. */
  state: z.enum(["fit", "drift", "unknown", "busy"]),
  /** Each difference, or why nothing is known, one line each. */
  problems: z.array(z.string()),
  /** What was expected and what was found, what is right too. */
  items: z.array(z.strictObject({ item: z.string(), expected: z.string(), found: z.string() })),
  seconds: z.number(),
});

/** What is to be said of a node; busy: it measures, which the check of its devices would disturb. */
export type NodeDrift = z.infer<typeof driftSchema>;

/** How often it is said who has not answered yet, in milliseconds. */
const SAY_EVERY = 3000;

/** How far nodes are from what they were verified to hold, and whether each is fit; in their order. */
export async function askNodes(nodes: readonly ExperimentNode[]): Promise<NodeDrift[]> {
  const left = await findLeftOut(nodes);
  const asked = nodes.filter(({ name }) => !left.has(name));
  const looked = new Map((asked.length === 0 ? [] : await look(asked)).map((one) => [one.node, one]));
  return nodes.map(({ name }) => {
    const drift = looked.get(name) ?? left.get(name);
    if (drift === undefined) throw new RocmarkError("E_DRIFT", `Nothing was said of node "${name}".`);
    return drift;
  });
}

/** Nodes that cannot be reached, or that measure. */
async function findLeftOut(nodes: readonly ExperimentNode[]): Promise<Map<string, NodeDrift>> {
  // Somebody waits for the answer, and a node that is starting can be asked once more.
  const dialer = sshDialer({ dialErrorLimit: 1, dialTimeoutSeconds: 10 });
  const open = new Set(nodes.map(({ name }) => name));
  const started = performance.now();
  const timer = setInterval(() => {
    const passed = Math.round((performance.now() - started) / 1000);
    process.stderr.write(`waiting for ${[...open].slice(0, 4).join(", ")} to answer, ${passed} s\n`);
  }, SAY_EVERY);
  const leave = (node: string, state: NodeDrift["state"], problem: string): [string, NodeDrift][] => [
    [node, { node, state, problems: [problem], items: [], seconds: 0 }],
  ];
  try {
    const remains = await Promise.all(
      nodes.map((node) => findRemains(node, dialer).finally(() => open.delete(node.name))),
    );
    return new Map(
      remains.flatMap(({ node, lock, error }) => {
        if (error !== null) return leave(node, "unknown", error);
        if (lock === null) return [];
        return leave(
          node,
          "busy",
          `measuring for ${lock}: not looked at, since that would disturb its timing`,
        );
      }),
    );
  } finally {
    clearInterval(timer);
    await dialer.close();
  }
}

/** Asks the room that verifies nodes, a program: JSON in, JSON out, progress on standard error. */
async function look(nodes: readonly ExperimentNode[]): Promise<NodeDrift[]> {
  const program = join(project, "components", "drift", "main.ts");
  const { code, stdout } = await runChild(process.execPath, [program], {
    input: JSON.stringify({ nodes }),
    onStderr: (text) => process.stderr.write(text),
  });
  if (code === 130) throw new RocmarkError("E_INTERRUPTED", "Interrupted.");
  if (code === 2)
    throw new RocmarkError(
      "E_DRIFT",
      "The stack's outputs do not say what its nodes were verified to hold; the lines above name the key. Run npx pulumi up once more.",
    );
  if (code !== 0)
    throw new RocmarkError("E_DRIFT", `${program} ended with ${code}; the lines above say why.`);
  return z.strictObject({ nodes: z.array(driftSchema) }).parse(JSON.parse(stdout)).nodes;
}
