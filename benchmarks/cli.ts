/** `rocmark`: measure, judge, show. The only place of this room that prints errors and decides the exit code. */
import { defineCommand, renderUsage, runCommand } from "citty";
import { messageOf, RocmarkError } from "./errors.ts";

const subCommands = {
  run: () => import("./commands/run.ts").then((module) => module.default),
  list: () => import("./commands/list.ts").then((module) => module.default),
  compare: () => import("./commands/compare.ts").then((module) => module.default),
  report: () => import("./commands/report.ts").then((module) => module.default),
  plan: () => import("./commands/plan.ts").then((module) => module.default),
  doctor: () => import("./commands/doctor.ts").then((module) => module.default),
};

const main = defineCommand({
  meta: {
    name: "rocmark",
    description: "Measure fine-tuning on the nodes of a stack, and judge what was measured",
  },
  subCommands: subCommands as never,
});

async function start(words: string[]): Promise<void> {
  const verb = words.find((word) => !word.startsWith("-"));
  const load = verb === undefined ? undefined : subCommands[verb as keyof typeof subCommands];
  if (verb !== undefined && load === undefined) {
    throw new RocmarkError(
      "E_VERB",
      `rocmark has no verb "${verb}"; it has ${Object.keys(subCommands).join(", ")}.`,
      { exitCode: 2 },
    );
  }
  if (load === undefined || words.includes("--help") || words.includes("-h")) {
    process.stdout.write(
      `${load === undefined ? await renderUsage(main) : await renderUsage((await load()) as never, main)}\n`,
    );
    if (load === undefined && words.length === 0) process.exitCode = 2;
    return;
  }
  const command = await load();
  const rest = words.toSpliced(words.indexOf(verb as string), 1);
  refuseUnknown(rest, (command.args ?? {}) as Record<string, { type?: string }>);
  await runCommand(command as never, { rawArgs: rest });
}

/** A flag that no verb knows is wrong use: taking it for nothing would run something else than was asked. */
function refuseUnknown(words: readonly string[], args: Record<string, { type?: string }>): void {
  for (const word of words) {
    const name = /^--(?:no-)?([^=]+)/.exec(word)?.[1];
    if (name !== undefined && !(name in args)) {
      const known = Object.keys(args)
        .filter((key) => args[key]?.type !== "positional")
        .map((key) => `--${key}`);
      throw new RocmarkError("E_FLAG", `There is no option ${word}; this verb has ${known.join(", ")}.`, {
        exitCode: 2,
      });
    }
  }
}

try {
  await start(process.argv.slice(2));
} catch (error) {
  const wrongUse = (error as { code?: string }).code === "EARG";
  const known = error instanceof RocmarkError || wrongUse || (error as { name?: string }).name === "SshError";
  process.stderr.write(
    `${known || process.env.ROCMARK_DEBUG !== "1" ? `rocmark: ${messageOf(error)}` : (error as Error).stack}\n`,
  );
  process.exitCode = error instanceof RocmarkError ? error.exitCode : wrongUse ? 2 : 1;
}
