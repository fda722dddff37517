import { constants } from "node:os";
import type { Writable } from "node:stream";
import type { ServerChannel } from "ssh2";
import { ChannelWriter } from "./channelWriter.ts";
import { trySignal } from "./endProcesses.ts";
import type { ProcessGroups } from "./processGroups.ts";
import { type SpawnArgs, spawnCommand } from "./spawnCommand.ts";

export interface CommandArgs extends SpawnArgs {
  channel: ServerChannel;
  groups: ProcessGroups;
  /** Aborted when the client has closed the channel or its connection has ended. */
  gone: AbortSignal;
}

/** A command that runs for a channel, as the leader of a process group (and session) of its own. */
export interface RunningCommand {
  /** Signals the whole group. */
  signal(name: NodeJS.Signals): void;
}

/**
 * Runs a command as sshd does: its exit is reported when it ends, the channel is closed when nobody holds its output
 * any more, and what it left in the background lives on. When the client goes first the group gets SIGHUP, as on a
 * terminal: nothing runs on unseen unless it asked for that (nohup, setsid), and `stop` ends that too.
 */
export async function runCommand({
  channel,
  groups,
  gone,
  ...args
}: CommandArgs): Promise<RunningCommand | undefined> {
  channel.on("error", () => {});
  const spawned = await spawnCommand(args).catch((error: NodeJS.ErrnoException) => error);
  // For example a command longer than the system takes (E2BIG).
  if (spawned instanceof Error) return refuse(channel, spawned);
  const { child, input, output, errors } = spawned;
  const group = child.pid;
  if (group === undefined) {
    child.once("error", (error) => refuse(channel, error));
    for (const stream of [input, output, errors]) stream.destroy();
    return undefined;
  }
  groups.add(group);

  let ended = false;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      ended = true;
      reportExit(channel, code, signal);
      groups.prune();
      resolve();
    });
  });
  const signal = (name: NodeJS.Signals) => {
    if (!ended) trySignal(-group, name);
  };
  const leave = () => {
    input.destroy();
    signal("SIGHUP");
  };
  if (gone.aborted) leave();
  else gone.addEventListener("abort", leave, { once: true });

  connectInput(channel, input);
  const writer = new ChannelWriter(channel, gone);
  void Promise.all([exited, writer.forward(output, "output"), writer.forward(errors, "errors")]).then(() =>
    channel.end(),
  );
  return { signal };
}

function connectInput(channel: ServerChannel, input: Writable): void {
  input.on("error", () => {
    // The command does not read on; what the client still sends must go somewhere or the client waits forever.
    channel.unpipe(input);
    channel.resume();
  });
  channel.pipe(input);
}

function reportExit(channel: ServerChannel, code: number | null, signal: NodeJS.Signals | null): void {
  try {
    if (signal === null) channel.exit(code ?? 255);
    else channel.exit(signal.replace(/^SIG/, ""), false, "");
  } catch {
    // SSH names few signals (RFC 4254, 6.10); the others are told as a shell would.
    channel.exit(128 + (signal === null ? 127 : constants.signals[signal]));
  }
}

function refuse(channel: ServerChannel, error: NodeJS.ErrnoException): undefined {
  const reason = error.code === "E2BIG" ? "the command is longer than this system allows" : error.message;
  channel.stderr.write(`rocmark node: cannot run the command: ${reason}\n`);
  channel.exit(error.code === "ENOENT" ? 127 : 126);
  channel.end();
}
