/** `rocmark`: measure, judge, show. The only place of this room that prints errors and decides the exit code. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { type ArgsDef, type CommandDef, defineCommand, renderUsage, runCommand } from "citty";
import { refuseUnknown } from "./arguments.ts";
import { messageOf, RocmarkError, refusal } from "./errors.ts";

// Each verb is read when it is asked for, and reads what it needs when it runs: help has to be there at once.
type Verb = CommandDef<ArgsDef>;
const verbs: Record<string, () => Promise<Verb>> = {
  run: async () => (await import("./commands/run.ts")).default as unknown as Verb,
  list: async () => (await import("./commands/list.ts")).default as unknown as Verb,
  compare: async () => (await import("./commands/compare.ts")).default as unknown as Verb,
  report: async () => (await import("./commands/report.ts")).default as unknown as Verb,
  export: async () => (await import("./commands/export.ts")).default as unknown as Verb,
  lock: async () => (await import("./commands/lock.ts")).default as unknown as Verb,
  plan: async () => (await import("./commands/plan.ts")).default as unknown as Verb,
  reap: async () => (await import("./commands/reap.ts")).default as unknown as Verb,
  doctor: async () => (await import("./commands/doctor.ts")).default as unknown as Verb,
};

const main = defineCommand({
  meta: {
    name: "rocmark",
    description: "Measure fine-tuning on the nodes of a stack, and judge what was measured",
  },
  subCommands: verbs,
});

const exitCodes = `EXIT CODES

  0  fine
  1  failed: a run, or this program
  2  refused: wrong use, bad input, or arms that must not be compared
  3  the comparison found that the candidate is slower or less accurate`;

async function start(words: string[]): Promise<void> {
  if (words.length === 1 && (words[0] === "--version" || words[0] === "-v")) return printVersion();
  const at = words.findIndex((word) => !word.startsWith("-"));
  const verb = words[at];
  if (verb !== undefined && !Object.hasOwn(verbs, verb))
    throw refusal("E_VERB", `rocmark has no verb "${verb}"; it has ${Object.keys(verbs).join(", ")}.`);
  const load = verb === undefined ? undefined : verbs[verb];
  const wantsHelp = words.includes("--help") || words.includes("-h");
  if (load === undefined) {
    if (!wantsHelp && words.length > 0) throw refusal("E_VERB", `rocmark needs a verb before ${words[0]}.`);
    print(
      `${await renderUsage(main)}\n\n${exitCodes}\n`,
      words.length === 0 ? process.stderr : process.stdout,
    );
    if (words.length === 0) process.exitCode = 2;
    return;
  }
  const command = await load();
  if (wantsHelp) return print(`${await renderUsage(command, main)}\n`, process.stdout);
  const rest = words.toSpliced(at, 1);
  refuseUnknown(rest, (command.args ?? {}) as ArgsDef);
  await runCommand(command, { rawArgs: rest });
}

// citty colours its usage also where it goes to a file.
function print(usage: string, stream: NodeJS.WriteStream): void {
  const plain = !stream.isTTY || (process.env.NO_COLOR ?? "") !== "";
  stream.write(plain ? stripVTControlCharacters(usage) : usage);
}

function printVersion(): void {
  const text = readFileSync(join(import.meta.dirname, "..", "package.json"), "utf8");
  process.stdout.write(`${(JSON.parse(text) as { version: string }).version}\n`);
}

// `rocmark list | head` closes the pipe: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await start(process.argv.slice(2));
} catch (error) {
  const wrongUse = (error as { code?: string }).code === "EARG";
  const text = process.env.ROCMARK_DEBUG === "1" && error instanceof Error ? error.stack : messageOf(error);
  process.stderr.write(`rocmark: ${wrongUse ? stripVTControlCharacters(messageOf(error)) : text}\n`);
  process.exitCode = error instanceof RocmarkError ? error.exitCode : wrongUse ? 2 : 1;
}
