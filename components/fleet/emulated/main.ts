import { parseArgs } from "node:util";
import { explained, NodeError, wrongUse } from "./errors.ts";

const help = `An emulated node: an SSH server on loopback with its own key, directory and processes.

  ensure --name NAME --directory DIR --authorized-key-file FILE [--port 0] [--lifetime-hours 12] [--login-grace-seconds 30]
      Start it unless it runs; print its address as one JSON line.
  stop --directory DIR [--name NAME]
      End it with all that it started, and remove DIR.
  status --directory DIR
      Print its state as one JSON line: running, stopped or absent.
`;

type Options = Record<string, string | undefined>;

const commands: Record<string, { options: string[]; run: (options: Options) => Promise<unknown> }> = {
  ensure: {
    options: ["name", "directory", "authorized-key-file", "port", "lifetime-hours", "login-grace-seconds"],
    run: async (options) => {
      const { ensureNode } = await import("./ensure.ts");
      return ensureNode({
        name: toName(required(options, "name")),
        directory: required(options, "directory"),
        authorizedKeyFile: required(options, "authorized-key-file"),
        ...toServerSettings(options),
      });
    },
  },
  stop: {
    options: ["directory", "name"],
    run: async (options) => {
      const { stopNode } = await import("./stop.ts");
      return stopNode({ directory: required(options, "directory"), name: options.name });
    },
  },
  status: {
    options: ["directory"],
    run: async (options) => (await import("./status.ts")).readStatus(required(options, "directory")),
  },
  // What `ensure` starts; not for people.
  serve: {
    options: ["directory", "port", "lifetime-hours", "login-grace-seconds"],
    run: async (options) => {
      const { report, serve } = await import("./daemon.ts");
      const { loginGraceSeconds, ...settings } = toServerSettings(options);
      const directory = required(options, "directory");
      try {
        await serve({ directory, ...settings, loginGraceMs: loginGraceSeconds * 1000 });
      } catch (cause) {
        const error = explained(cause);
        const code = error instanceof NodeError ? error.code : "E_NODE_START";
        report({ started: false, code, message: error instanceof Error ? error.message : String(error) });
        throw error;
      }
      // Timers of connections that were cut must not keep it.
      process.exit(0);
    },
  },
};

async function main(args: string[]): Promise<unknown> {
  const [verb = "--help", ...rest] = args;
  if (verb === "--help" || verb === "help" || rest.includes("--help")) return help;
  const command = Object.hasOwn(commands, verb) ? commands[verb] : undefined;
  if (command === undefined)
    throw wrongUse(`There is no command "${verb}"; there are ensure, stop and status.`);
  return command.run(parseOptions(rest, command.options));
}

function parseOptions(args: string[], names: string[]): Options {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values as Options;
  } catch (error) {
    throw wrongUse((error as Error).message.replace(/\.?$/, "."));
  }
}

function required(options: Options, name: string): string {
  const value = options[name];
  if (value === undefined || value === "") throw wrongUse(`--${name} is missing.`);
  return value;
}

function toServerSettings(options: Options): {
  port: number;
  lifetimeHours: number;
  loginGraceSeconds: number;
} {
  return {
    port: toNumber(options, "port", 0, { least: 0, most: 65_535, whole: true }),
    // A timer of Node holds 24 days; nothing that was forgotten should stay longer.
    lifetimeHours: toNumber(options, "lifetime-hours", 12, { least: 0.0001, most: 24 * 24, whole: false }),
    loginGraceSeconds: toNumber(options, "login-grace-seconds", 30, { least: 0.1, most: 600, whole: false }),
  };
}

function toNumber(
  options: Options,
  name: string,
  byDefault: number,
  allowed: { least: number; most: number; whole: boolean },
): number {
  const text = options[name];
  if (text === undefined) return byDefault;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= allowed.least && value <= allowed.most && (!allowed.whole || Number.isInteger(value)))
    return value;
  const kind = allowed.whole ? "a whole number" : "a number";
  throw wrongUse(`--${name} must be ${kind} from ${allowed.least} to ${allowed.most}, got "${text}".`);
}

function toName(text: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,62}$/i.test(text)) return text;
  throw wrongUse(`--name must be letters, digits, ".", "_" and "-" (63 at most), got "${text}".`);
}

try {
  const result = await main(process.argv.slice(2));
  if (result !== undefined)
    process.stdout.write(typeof result === "string" ? result : `${JSON.stringify(result)}\n`);
  process.exitCode = 0;
} catch (cause) {
  const error = explained(cause);
  const known = error instanceof NodeError;
  process.stderr.write(known ? `${error.code}: ${error.message}\n` : `${(error as Error).stack ?? error}\n`);
  process.exitCode = known && error.code === "E_USAGE" ? 2 : 1;
}
