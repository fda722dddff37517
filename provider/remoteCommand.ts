import { randomBytes } from "node:crypto";
import type { SshConnection } from "../ssh/connection.ts";
import { SshError } from "../ssh/errors.ts";
import type { ExecResult } from "../ssh/exec.ts";
import { isShown, isSwitchedOn, toCommandInputs, toEnvironment, toOutputs } from "./commandInputs.ts";
import { toSettings } from "./connection.ts";
import { onlyReadChanged, toReading } from "./drift.ts";
import { commandFailed, notRead, skippedDelete } from "./errors.ts";
import { mayEndHalfDone } from "./halfDone.ts";
import type { Operation, ResourceType } from "./operation.ts";
import type { Properties } from "./wire.ts";

/** Dials that a delete tries again when it may go on without the node. */
const DELETE_DIAL_ERRORS = 1;

/** `command:remote:Command`. */
export const remoteCommand: ResourceType = {
  unknownUntilDone: ["stdout", "stderr"],
  toId: (name) => name + randomBytes(4).toString("hex"),

  async create(inputs, operation) {
    const given = toCommandInputs(inputs);
    const { create } = given;
    if (create === undefined) return { ...inputs, stdout: "", stderr: "" };
    const connection = await connect(inputs, operation);
    const outputs = await mayEndHalfDone(given, () => run(connection, create, inputs, {}, operation));
    return { ...inputs, ...outputs };
  },

  async update(inputs, state, operation) {
    const { create, update } = toCommandInputs(inputs);
    const command = update ?? create;
    if (command === undefined || onlyReadChanged(inputs, state))
      return { ...inputs, stdout: state.stdout ?? "", stderr: state.stderr ?? "" };
    return { ...inputs, ...(await run(await connect(inputs, operation), command, inputs, state, operation)) };
  },

  /**
   * A node that is gone does not block the removal of the rest when the operator says so, for the plugin or for one
   * resource, by PULUMI_COMMAND_DELETE_UNREACHABLE=true (pulumi-command issue 104; pulumi-kubernetes has
   * PULUMI_K8S_DELETE_UNREACHABLE). A node that answers and refuses, by its host key for example, is not gone.
   */
  async delete(state, operation) {
    const command = toCommandInputs(state).delete;
    if (command === undefined) return;
    const mayBeGone = isSwitchedOn("PULUMI_COMMAND_DELETE_UNREACHABLE", state);
    try {
      const connection = await connect(state, operation, mayBeGone ? DELETE_DIAL_ERRORS : undefined);
      await run(connection, command, state, state, operation);
    } catch (error) {
      if (!mayBeGone || !isGone(error)) throw error;
      const { host } = toCommandInputs(state).connection;
      await operation.log.warn(operation.urn, skippedDelete(host, error.message));
    }
  },

  /** Drift, for a command that says how to look for it (pulumi-command issues 432 and 433 ask for it). */
  async read(state, inputs, operation) {
    const { read } = toCommandInputs(inputs);
    if (read === undefined) return { state, inputs };
    try {
      const connection = await connect(inputs, operation);
      const ending = await execute(connection, read, inputs, state, operation);
      return toReading(state, inputs, ending, connection.node);
    } catch (error) {
      throw isGone(error) ? notRead(operation.urn, error) : error;
    }
  },
};

export async function connect(
  properties: Properties,
  { pool, signal }: Operation,
  dialErrorLimit?: number,
): Promise<SshConnection> {
  const settings = toSettings(toCommandInputs(properties).connection);
  const { dialErrorLimit: own = 10 } = settings;
  const limit = dialErrorLimit === undefined || (own >= 0 && own < dialErrorLimit) ? own : dialErrorLimit;
  return await pool.connect({ ...settings, dialErrorLimit: limit }, { signal });
}

async function run(
  connection: SshConnection,
  command: string,
  properties: Properties,
  previous: Properties,
  operation: Operation,
): Promise<Properties> {
  const result = await execute(connection, command, properties, previous, operation);
  if (result.exitCode !== 0) throw commandFailed(operation.phase, connection.node, result);
  return toOutputs(properties, result);
}

async function execute(
  connection: SshConnection,
  command: string,
  properties: Properties,
  previous: Properties,
  operation: Operation,
): Promise<ExecResult> {
  const inputs = toCommandInputs(properties);
  const log = operation.log.output(operation.urn, operation.secrets);
  // Variables travel inside the session: SSH's own way needs AcceptEnv on the server (pulumi-command issues 48, 395).
  return await connection
    .exec(command, {
      environment: await toEnvironment(inputs, previous, operation),
      signal: operation.signal,
      ...(inputs.stdin !== undefined && { stdin: inputs.stdin }),
      onStdout: (text) => isShown(inputs, "stdout", operation) && log.push("stdout", text),
      onStderr: (text) => isShown(inputs, "stderr", operation) && log.push("stderr", text),
    })
    .finally(() => log.end());
}

const isGone = (error: unknown): error is SshError =>
  error instanceof SshError &&
  ["E_SSH_REFUSED", "E_SSH_UNREACHABLE", "E_SSH_TIMEOUT", "E_SSH_LOST"].includes(error.code);
