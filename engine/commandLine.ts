/** What a `pulumi` command line says about the stack it is meant for. */
export interface StackWords {
  /** The first word that is no flag: "up", "stack", "login"; null when there is none. */
  command: string | null;
  /** The stack it names, by a flag or as the argument of `pulumi stack select|init|rm`; null when it names none. */
  stack: string | null;
  /** Whether it changes which stack is selected, when it succeeds. */
  selects: boolean;
  /** The folder named by `--cwd`; null when it names none. */
  folder: string | null;
  /** Whether it asks for the SDK's debugging messages. */
  debugs: boolean;
}

/** Long flags of `pulumi` commands whose next word is their value; a name unknown here is taken for a switch. */
const longWithValue = new Set(
  (
    "stack cwd color tracing otel-traces profiling memprofilerate verbose config config-file message parallel target " +
    "target-replace replace exclude policy-pack policy-pack-config secrets-provider copy-config-from teams output file " +
    "out save-plan plan override-env import-file import-pending-creates resource since tag organization project"
  ).split(" "),
);

/**
 * Short flags with a value. Switches may stand before one in the same word: `-ys local` is `-y -s local`.
 *
 * Two letters differ: `-c` is `--create` of `pulumi stack select` and `--config` elsewhere; `-f` names a file only for
 * `pulumi stack export` and `import`.
 */
function shortWithValue([command, verb = ""]: readonly string[]): string {
  if (command !== "stack") return "sCcmptvxo";
  return naming.has(verb) ? "sCmptvxo" : "sCmptvxof";
}

/** Subcommands of `pulumi stack` whose argument is the stack itself. */
const naming = new Set(["select", "init", "new", "create", "setup", "rm", "remove", "delete"]);

/** Of these, the ones that also make it the selected stack. */
const selecting = new Set(["select", "init", "new", "create", "setup"]);

/** Read the words of a `pulumi` command line that decide which stack it is meant for. A flag given twice counts last. */
export function parseCommandLine(argv: readonly string[]): StackWords {
  const words: string[] = [];
  const flags = new Map<string, string>();
  let index = 0;
  const next = () => argv[++index] ?? "";
  for (; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "--") break;
    if (word.startsWith("--")) {
      const [name = "", ...value] = word.slice(2).split("=");
      if (value.length > 0) flags.set(name, value.join("="));
      else if (longWithValue.has(name)) flags.set(name, next());
      else if (name === "no-select" || name === "debug") flags.set(name, "true");
    } else if (word.startsWith("-") && word.length > 1) {
      const letters = shortWithValue(words);
      const at = [...word].findIndex((letter, position) => position > 0 && letters.includes(letter));
      if (at > 0) flags.set(word[at] ?? "", word.slice(at + 1).replace(/^=/, "") || next());
      if (word.slice(1, at > 0 ? at : undefined).includes("d")) flags.set("debug", "true");
    } else words.push(word);
  }
  const [command = null, verb = "", named] = words;
  const byArgument = command === "stack" && naming.has(verb) ? named : undefined;
  return {
    command,
    // Pulumi itself takes the flag before the argument.
    stack: lastOf(flags, "stack", "s") ?? byArgument ?? null,
    selects: command === "stack" && selecting.has(verb) && !flags.has("no-select"),
    folder: lastOf(flags, "cwd", "C"),
    debugs: flags.get("debug") === "true",
  };
}

/** A flag by either name, null when it is given by none or is empty. */
const lastOf = (flags: Map<string, string>, long: string, short: string): string | null =>
  flags.get(long) || flags.get(short) || null;
