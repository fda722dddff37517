import { text } from "node:stream/consumers";
import { z } from "zod";
import { SshPool } from "../../ssh/pool.ts";
import { lookAt, type NodeDrift } from "./look.ts";
import { driftQuestionSchema } from "./question.ts";

// What another process asks: `rocmark doctor --stack` has no part of components, so it hands over JSON and gets JSON back.
// Ends with 0 when every node was looked at or has said why not, 2 where the input is not what it must be.

/** How often it is said on standard error who is still looked at, in seconds. */
const SAY_EVERY = 5;

/** Nodes that are looked at a time; the pool bounds handshakes besides. */
const AT_ONCE = 32;

process.exitCode = await answer(await text(process.stdin));

async function answer(given: string): Promise<number> {
  const parsed = driftQuestionSchema.safeParse(parse(given));
  if (!parsed.success) {
    process.stderr.write(`Expected {nodes} as JSON on standard input:\n${z.prettifyError(parsed.error)}\n`);
    return 2;
  }
  const { nodes } = parsed.data;
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => abort.abort());
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const started = performance.now();
  const open = new Set(nodes.map(({ name }) => name));
  say(
    `looking at ${nodes.length === 1 ? "1 node" : `${nodes.length} nodes`}: what is installed, and whether each device computes rightly`,
  );
  const timer = setInterval(
    () =>
      say(
        `still at ${[...open].slice(0, 4).join(", ")}${open.size > 4 ? ` and ${open.size - 4} more` : ""} after ${Math.round((performance.now() - started) / 1000)} s`,
      ),
    SAY_EVERY * 1000,
  );
  const pool = new SshPool();
  try {
    const found = new Map<string, NodeDrift>();
    const waiting = [...nodes];
    const work = async () => {
      for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
        const one = await lookAt(node, pool, abort.signal);
        found.set(node.name, one);
        open.delete(node.name);
        say(`${node.name}: ${one.state} (${one.seconds.toFixed(1)} s)`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    process.stdout.write(`${JSON.stringify({ nodes: nodes.map(({ name }) => found.get(name)) })}\n`);
    return 0;
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    say("Interrupted; nothing was changed on any node.");
    return 130;
  } finally {
    clearInterval(timer);
    await pool.close();
  }
}

// What is no JSON fails the schema like any other input that is not what it must be.
function parse(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}
