import { randomBytes } from "node:crypto";
import { isShown, toCommandInputs, toEnvironment, toOutputs } from "./commandInputs.ts";
import { commandFailed } from "./errors.ts";
import { readArchive, readAssets } from "./foundAssets.ts";
import { runLocal } from "./localProcess.ts";
import type { Operation, ResourceType } from "./operation.ts";
import type { Properties } from "./wire.ts";

const nothingRun = { stdout: "", stderr: "" };

/** `command:local:Command`. */
export const localCommand: ResourceType = {
  unknownUntilDone: ["stdout", "stderr"],
  toId: (name) => name + randomBytes(4).toString("hex"),

  async create(inputs, operation) {
    const { create } = toCommandInputs(inputs);
    return {
      ...inputs,
      ...(create === undefined ? nothingRun : await runAndCollect(create, inputs, {}, operation)),
    };
  },

  async update(inputs, state, operation) {
    const { create, update } = toCommandInputs(inputs);
    const command = update ?? create;
    if (command !== undefined)
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
};

/** Run one command and return all its outputs. Also what the function `command:local:run` does. */
export async function runAndCollect(
  command: string,
  properties: Properties,
  previous: Properties,
  operation: Operation,
): Promise<Properties> {
  const inputs = toCommandInputs(properties);
  const directory = inputs.dir ?? process.cwd();
  const log = operation.log.output(operation.urn, operation.secrets);
  const ending = await runLocal(command, {
    phase: operation.phase,
    interpreter: inputs.interpreter?.length ? inputs.interpreter : ["/bin/sh", "-c"],
    directory,
    environment: await toEnvironment(inputs, previous, operation),
    stdin: inputs.stdin ?? "",
    signal: operation.signal,
    onOutput: (stream, text) => isShown(inputs, stream) && log.push(stream, text),
  }).finally(() => log.end());
  if (ending.exitCode !== 0) throw commandFailed(operation.phase, "this machine", ending);
  return {
    ...toOutputs(properties, ending),
    ...(inputs.assetPaths && { assets: await readAssets(directory, inputs.assetPaths) }),
    ...(inputs.archivePaths && { archive: await readArchive(directory, inputs.archivePaths) }),
  };
}
