import { randomBytes } from "node:crypto";
import { totalmem } from "node:os";
import { Slots } from "../ssh/slots.ts";
import { type CommandInputs, isShown, toCommandInputs, toEnvironment, toOutputs } from "./commandInputs.ts";
import { onlyReadChanged, toReading } from "./drift.ts";
import { commandCancelled, commandFailed, type Ending } from "./errors.ts";
import { readArchive, readAssets } from "./foundAssets.ts";
import { mayEndHalfDone } from "./halfDone.ts";
import { runLocal } from "./localProcess.ts";
import type { Operation, ResourceType } from "./operation.ts";
import type { Properties } from "./wire.ts";

/**
 * Local commands at a time: a program of Node's takes some 75 MiB, and a stack of many hosts asks for one a host. At least eight, and
 * four for each GiB of this machine's memory.
 */
export const toLocalLimit = (memoryBytes: number): number =>
  Math.max(8, 4 * Math.floor(memoryBytes / 2 ** 30));

const slots = new Slots(toLocalLimit(totalmem()));

/** Where local commands run, for messages. */
const HERE = "this machine";

const nothingRun = { stdout: "", stderr: "" };

/** `command:local:Command`. */
export const localCommand: ResourceType = {
  unknownUntilDone: ["stdout", "stderr"],
  toId: (name) => name + randomBytes(4).toString("hex"),

  async create(inputs, operation) {
    const given = toCommandInputs(inputs);
    const { create } = given;
    if (create === undefined) return { ...inputs, ...nothingRun };
    const outputs = await mayEndHalfDone(given, () => runAndCollect(create, inputs, {}, operation));
    return { ...inputs, ...outputs };
  },

  async update(inputs, state, operation) {
    const { create, update } = toCommandInputs(inputs);
    const command = update ?? create;
    if (command !== undefined && !onlyReadChanged(inputs, state))
      return { ...inputs, ...(await runAndCollect(command, inputs, state, operation)) };
    const { stdout = "", stderr = "", assets, archive } = state;
    return {
      ...inputs,
      stdout,
      stderr,
      ...(assets !== undefined && { assets }),
      ...(archive !== undefined && { archive }),
    };
  },

  async delete(state, operation) {
    const command = toCommandInputs(state).delete;
    if (command !== undefined) await runAndCollect(command, state, state, operation);
  },

  async read(state, inputs, operation) {
    const { read } = toCommandInputs(inputs);
    if (read === undefined) return { state, inputs };
    return toReading(state, inputs, await execute(read, inputs, state, operation), HERE);
  },
};

/** Run one command and return all its outputs. Also what the function `command:local:run` does. */
export async function runAndCollect(
  command: string,
  properties: Properties,
  previous: Properties,
  operation: Operation,
): Promise<Properties> {
  const ending = await execute(command, properties, previous, operation);
  if (ending.exitCode !== 0) throw commandFailed(operation.phase, HERE, ending);
  const inputs = toCommandInputs(properties);
  const directory = toDirectory(inputs);
  return {
    ...toOutputs(properties, ending),
    ...(inputs.assetPaths && { assets: await readAssets(directory, inputs.assetPaths) }),
    ...(inputs.archivePaths && { archive: await readArchive(directory, inputs.archivePaths) }),
  };
}

async function execute(
  command: string,
  properties: Properties,
  previous: Properties,
  operation: Operation,
): Promise<Ending> {
  const inputs = toCommandInputs(properties);
  const environment = await toEnvironment(inputs, previous, operation);
  const release = await slots.take(operation.signal).catch(() => {
    throw commandCancelled(operation.phase);
  });
  const log = operation.log.output(operation.urn, operation.secrets);
  try {
    return await runLocal(command, {
      phase: operation.phase,
      interpreter: inputs.interpreter?.length ? inputs.interpreter : ["/bin/sh", "-c"],
      directory: toDirectory(inputs),
      environment,
      stdin: inputs.stdin ?? "",
      signal: operation.signal,
      onOutput: (stream, text) => isShown(inputs, stream, operation) && log.push(stream, text),
    });
  } finally {
    release();
    await log.end();
  }
}

const toDirectory = ({ dir }: CommandInputs): string => dir ?? process.cwd();
