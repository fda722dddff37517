/** One emulated node: `node main.ts ensure|stop|status --directory D ...`. Prints one JSON line; see `--help`. */
import { parseArgs } from "node:util";
import { ensureNode } from "./ensure.ts";
import { RocmarkError, wrongUse } from "./errors.ts";
import { livenessOf } from "./liveness.ts";
import { readMarker } from "./marker.ts";
import { nodePaths } from "./nodeDirectory.ts";
import { stopNode } from "./stop.ts";

const usage = `usage: node main.ts ensure --name N --directory D --authorized-key-file PUB [--port 0] [--lifetime-hours 12]
       node main.ts stop --directory D
       node main.ts status --directory D
`;

async function status(directory: string) {
  const found = readMarker(nodePaths(directory).marker);
  if (found.state !== "present") return { state: "absent" };
  const { name, port, pid, generation, expiresAt } = found.marker;
  const running = (await livenessOf(found.marker, 2_000)) !== "dead";
  return {
    state: running ? "running" : "stopped",
    name,
    port,
    pid,
    generation,
    expiresAt: new Date(expiresAt).toISOString(),
  };
}

function toNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= least && value <= most)) {
    throw wrongUse(`--${flag}: expected a number from ${least} to ${most}, found "${text}".`);
  }
  return value;
}

async function run(): Promise<unknown> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: "string" },
      directory: { type: "string" },
      "authorized-key-file": { type: "string" },
      port: { type: "string", default: "0" },
      "lifetime-hours": { type: "string", default: "12" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return undefined;
  }
  const [verb] = positionals;
  const { directory, name, "authorized-key-file": authorizedKeyFile } = values;
  if (directory === undefined || directory === "") throw wrongUse("--directory is missing.");
  if (verb === "stop") return await stopNode(directory);
  if (verb === "status") return await status(directory);
  if (verb !== "ensure") throw wrongUse(`expected ensure, stop or status, found "${verb ?? "nothing"}".`);
  if (name === undefined) throw wrongUse("--name is missing.");
  if (authorizedKeyFile === undefined) throw wrongUse("--authorized-key-file is missing.");
  const port = toNumber("port", values.port, 0, 65_535);
  const lifetimeHours = toNumber("lifetime-hours", values["lifetime-hours"], 0.001, 8_760);
  return await ensureNode({ name, directory, authorizedKeyFile, port, lifetimeHours });
}

try {
  const found = await run();
  if (found !== undefined) process.stdout.write(`${JSON.stringify(found)}\n`);
} catch (error) {
  const known =
    error instanceof RocmarkError || (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS");
  process.stderr.write(known ? `${(error as Error).message}\n` : `${(error as Error).stack}\n`);
  process.exitCode = 1;
}
