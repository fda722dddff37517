import type { ArgsDef } from "citty";
import { refusal } from "./errors.ts";

/**
 * Refuses what citty would take for nothing: an option that the verb does not have, an option that needs a value and has
 * none, one word too many. Each would run something else than was asked.
 */
export function refuseUnknown(words: readonly string[], args: ArgsDef): void {
  const options = Object.keys(args).filter((key) => args[key]?.type !== "positional");
  const numPositional = Object.keys(args).length - options.length;
  const extra: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === "-" || !word.startsWith("-")) {
      extra.push(word);
      continue;
    }
    const [, negated, name = "", value] = /^--(no-)?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const type = Object.hasOwn(args, name) ? args[name]?.type : undefined;
    if (type === undefined || type === "positional" || (negated && type !== "boolean"))
      throw refusal(
        "E_FLAG",
        `There is no option ${word.split("=")[0]}; this verb has ${options.map((key) => `--${key}`).join(", ")}.`,
      );
    if (type === "boolean") {
      if (value !== undefined) throw refusal("E_FLAG", `--${name} takes no value, found "${value}".`);
      continue;
    }
    const given = value ?? words[++i];
    if (given === undefined || given === "" || (value === undefined && /^--/.test(given)))
      throw refusal("E_FLAG", `--${name} needs a value, found ${given ? given : "none"}.`);
  }
  if (extra.length > numPositional)
    throw refusal(
      "E_WORDS",
      `One word too many: "${extra[numPositional]}". --help says what this verb takes.`,
    );
}
