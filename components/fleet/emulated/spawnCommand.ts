import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { closePipe, type Pipe, type PipePool } from "./pipePool.ts";

export interface SpawnArgs {
  shell: string;
  /** Undefined for a shell that reads its commands from its input. */
  command: string | undefined;
  directory: string;
  environment: Record<string, string>;
  pipes: PipePool;
}

export interface SpawnedCommand {
  child: ChildProcess;
  input: Writable;
  output: Readable;
  errors: Readable;
}

/** Starts a command as the leader of a session and process group of its own. */
export async function spawnCommand({
  shell,
  command,
  directory,
  environment,
  pipes,
}: SpawnArgs): Promise<SpawnedCommand> {
  const args = command === undefined ? [] : ["-c", command];
  const options = { cwd: directory, env: environment, detached: true };
  const [input, output, errors] = (await pipes.take(3)) ?? [];
  if (input === undefined || output === undefined || errors === undefined) {
    const child = spawn(shell, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
    return { child, input: child.stdin, output: child.stdout, errors: child.stderr };
  }
  let child: ChildProcess;
  try {
    child = spawn(shell, args, { ...options, stdio: [input.reads, output.writes, errors.writes] });
  } catch (error) {
    for (const pipe of [input, output, errors]) closePipe(pipe);
    throw error;
  }
  // The end of a pipe shows only when nobody holds its other side any more.
  for (const childEnd of [input.reads, output.writes, errors.writes]) closeSync(childEnd);
  return { child, input: writing(input), output: reading(output), errors: reading(errors) };
}

const reading = ({ reads }: Pipe): Readable => new Socket({ fd: reads, readable: true, writable: false });
const writing = ({ writes }: Pipe): Writable => new Socket({ fd: writes, readable: false, writable: true });
