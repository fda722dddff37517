import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parse } from "yaml";
import type { StackNode } from "../components/compatibility/groups.ts";
import { RocmarkError } from "../components/errors.ts";
import { KnownFacts } from "../components/node/knownFacts.ts";
import { toNodeFacts, withStated } from "../components/node/nodeFacts.ts";
import { nodeNames, parseStack, type StackConfig, scenarioRecipe, statedNodes } from "./config.ts";
import { withHostsFile } from "./hostsFile.ts";
import { stackRequest } from "./software.ts";

// `node stacks/describe.ts FILE`: what the config of a stack asks for, as one JSON document, before the stack is up and
// without the engine. Another process asks, which has no part of this room: `rocmark plan`. Ends with 2 where it is refused.

/** What is asked of the version matrix, and what is to be measured; nodes by their names. */
export function describeStack(config: StackConfig, known: KnownFacts) {
  const request = stackRequest(config.software);
  const { name, seed, arms, scenarios } = config.experiment;
  const { allowUnknown } = config.software;
  return {
    versions: request === null ? null : { request, nodes: knownNodes(config, known), allowUnknown },
    experiment: {
      name,
      seed,
      arms: arms.map((arm) => ({ ...arm, nodes: nodeNames(config).slice(0, arm.nodes) })),
      scenarios: scenarios.map(({ label, repeats, timeoutSeconds }) => ({
        name: "finetune",
        label,
        repeats,
        timeoutSeconds,
        config: scenarioRecipe(config, label),
      })),
    },
  };
}

/** What the stack states of its nodes, and what they said themselves when a preview or an update last asked them. */
function knownNodes(config: StackConfig, known: KnownFacts): StackNode[] {
  if (config.target === "local") return statedNodes(config);
  return config.nodes.hosts.map(({ name, address, port, hostKey, facts: stated = null }) => {
    const own = known.get(name, { host: address, port, hostKey })?.facts;
    return { name, facts: own ? withStated(toNodeFacts(own), stated) : stated };
  });
}

/** A stack's values below `rocmark:`, from its file. */
function readValues(file: string): Record<string, unknown> {
  if (!existsSync(file)) {
    const names = readdirSync(import.meta.dirname).flatMap(
      (entry) => /^Pulumi\.(.+)\.yaml$/.exec(entry)?.[1] ?? [],
    );
    throw new RocmarkError(
      "E_STACK",
      `There is no ${file}. There are stacks/Pulumi.<name>.yaml for ${names.join(", ")}; copy one of them to make your own.`,
    );
  }
  const { config } = Object(parseYaml(readFileSync(file, "utf8"), file)) as { config?: unknown };
  const values = Object.entries(Object(config)).flatMap(([key, value]): [string, unknown][] =>
    key.startsWith("rocmark:") ? [[key.slice("rocmark:".length), value]] : [],
  );
  return withHostsFile(Object.fromEntries(values));
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new RocmarkError("E_CONFIG", `${file} cannot be read: ${(error as Error).message}`);
  }
}

if (import.meta.main)
  try {
    const file = process.argv[2] ?? "";
    // Locks may still have to be written: which, a plan says.
    const config = parseStack(readValues(file), file, () => true);
    const stack = /^Pulumi\.(.+)\.yaml$/.exec(basename(file))?.[1] ?? "";
    const facts = join(dirname(import.meta.dirname), ".rocmark", "facts", `${stack}.json`);
    process.stdout.write(`${JSON.stringify(describeStack(config, new KnownFacts(facts)))}\n`);
  } catch (error) {
    if (!(error instanceof RocmarkError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
