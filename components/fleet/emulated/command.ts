import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Writable } from "node:stream";
import type { ServerChannel } from "ssh2";
import { ChannelWriter } from "./channelWriter.ts";
import { trySignal } from "./endProcesses.ts";
import type { ProcessGroups } from "./processGroups.ts";

export interface CommandArgs {
  channel: ServerChannel;
  shell: string;
  /** What the client asked to run; undefined for a shell that reads its commands from the channel. */
  command: string | undefined;
  directory: string;
  environment: Record<string, string>;
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
export function runCommand({
  channel,
  shell,
  command,
  directory,
  environment,
  groups,
  gone,
}: CommandArgs): RunningCommand {
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawn(shell, command === undefined ? [] : ["-c", command], {
      cwd: directory,
      env: environment,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
  } catch (error) {
    // For example a command longer than the system takes (E2BIG).
    refuse(channel, error as NodeJS.ErrnoException);
    return { signal: () => {} };
  }
  const group = child.pid;
  let ended = group === undefined;
  if (group !== undefined) groups.add(group);

  const exited = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      if (group === undefined) refuse(channel, error);
    });
    child.once("exit", (code, signal) => {
      ended = true;
      reportExit(channel, code, signal);
      groups.prune();
      resolve();
    });
  });
  gone.addEventListener("abort", () => {
    child.stdin.destroy();
    if (!ended && group !== undefined) trySignal(-group, "SIGHUP");
  });
  connectInput(channel, child.stdin);
  const writer = new ChannelWriter(channel, gone);
  void Promise.all([
    exited,
    writer.forward(child.stdout, "output"),
    writer.forward(child.stderr, "errors"),
  ]).then(() => channel.end());
  return {
    signal: (name) => {
      if (!ended && group !== undefined) trySignal(-group, name);
    },
  };
}

function connectInput(channel: ServerChannel, input: Writable): void {
  channel.on("error", () => {});
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

function refuse(channel: ServerChannel, error: NodeJS.ErrnoException): void {
  const reason = error.code === "E2BIG" ? "the command is longer than this system allows" : error.message;
  channel.stderr.write(`rocmark node: cannot run the command: ${reason}\n`);
  channel.exit(error.code === "ENOENT" ? 127 : 126);
  channel.end();
}
