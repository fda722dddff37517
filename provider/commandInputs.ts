import type { ConnectionInput } from "./connection.ts";
import type { Operation } from "./operation.ts";
import { conceal, holdsSecret, isObject, type Properties, reveal } from "./wire.ts";

/** The inputs of local and remote commands, checked, without secret marks. */
export interface CommandInputs {
  create?: string;
  update?: string;
  delete?: string;
  read?: string;
  stdin?: string;
  logging?: "stdout" | "stderr" | "stdoutAndStderr" | "none";
  environment?: Record<string, string>;
  addPreviousOutputInEnv?: boolean;
  interpreter?: string[];
  dir?: string;
  archivePaths?: string[];
  assetPaths?: string[];
  connection: ConnectionInput;
}

export const toCommandInputs = (properties: Properties): CommandInputs => reveal(properties) as CommandInputs;

/**
 * One variable may hold 128 KiB on Linux (MAX_ARG_STRLEN); a longer one would keep every command from starting.
 */
const LONGEST_VARIABLE = 120_000;

/** The command's variables: its own, and what it printed the last time. */
export async function toEnvironment(
  { environment = {}, addPreviousOutputInEnv }: CommandInputs,
  previous: Properties,
  operation: Operation,
): Promise<Record<string, string>> {
  const variables = { ...environment };
  if (addPreviousOutputInEnv === false) return variables;
  for (const stream of ["stdout", "stderr"] as const) {
    const text = reveal(previous[stream]);
    if (typeof text !== "string" || text === "") continue;
    const name = `PULUMI_COMMAND_${stream.toUpperCase()}`;
    if (Buffer.byteLength(text) <= LONGEST_VARIABLE) variables[name] = text;
    else
      await operation.log.warn(
        operation.urn,
        `${name} is not set: the previous ${stream} is longer than a variable may be (${LONGEST_VARIABLE} bytes). ` +
          "Set addPreviousOutputInEnv: false, or keep long output in a file.",
      );
  }
  return variables;
}

/**
 * Which streams `logging` shows while the command runs. What a read prints is shown as the state's change, or not at all:
 * it may take a secret's place, and no mark says so before it is in the state.
 */
export const isShown = (
  { logging = "stdoutAndStderr" }: CommandInputs,
  stream: "stdout" | "stderr",
  { phase }: Operation,
): boolean =>
  !(phase === "read" && stream === "stdout") && (logging === stream || logging === "stdoutAndStderr");

/** What a command prints may repeat any secret it was given, so the output of one that was given some is secret. */
export const hasSecretInput = ({ create, update, read, command, stdin, environment }: Properties): boolean =>
  [create, update, read, command, stdin, environment].some(holdsSecret);

/** The outputs: as the official plugin, without one final newline. */
export function toOutputs(
  inputs: Properties,
  { stdout, stderr }: { stdout: string; stderr: string },
): Properties {
  const mark = hasSecretInput(inputs) ? conceal : (text: string) => text;
  return { stdout: mark(stdout.replace(/\n$/, "")), stderr: mark(stderr.replace(/\n$/, "")) };
}

/** Whether an operator set this switch, for the whole plugin or in the `environment` of one resource. */
export function isSwitchedOn(name: string, properties: Properties = {}): boolean {
  const { environment } = reveal(properties) as { environment?: unknown };
  const own = isObject(environment) ? environment[name] : undefined;
  return (own ?? process.env[name]) === "true";
}
