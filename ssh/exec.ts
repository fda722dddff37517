import { randomBytes } from "node:crypto";
import { pipeline, type Readable } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { openChannel } from "./channel.ts";
import * as errors from "./errors.ts";
import { OutputBuffer } from "./outputBuffer.ts";
import { renderEnd, renderRemoteCommand } from "./remoteCommand.ts";

export interface ExecOptions {
  /** What the command reads; without it, an empty input. */
  stdin?: string | Buffer | Readable;
  /** Variables for the command, by name. */
  environment?: Record<string, string>;
  /** Who runs the text. @default "login" */
  shell?: "login" | "posix";
  /** How long the command may run once it has a channel, in seconds. @default no limit */
  timeoutSeconds?: number;
  /** Ends the command on the node, with everything it started. */
  signal?: AbortSignal;
  /** Called with whole characters as they arrive. */
  onStdout?(text: string): void;
  onStderr?(text: string): void;
}

/** How a command ended. A non-zero exit code is a result, not an error. */
export interface ExecResult {
  /** Null when a signal ended the command. */
  exitCode: number | null;
  /** For example `"SIGKILL"`; null when the command exited. */
  signal: string | null;
  stdout: string;
  stderr: string;
  /** Bytes of each stream beyond the limit of 16 MiB, which were not kept. */
  stdoutDroppedBytes: number;
  stderrDroppedBytes: number;
}

/** How long the node may take to confirm that a command is ended: TERM, two seconds, KILL, and the way there and back. */
const END_LIMIT_MILLISECONDS = 8000;

export interface RunOptions extends ExecOptions {
  /** Takes stdout's raw bytes instead of the text buffer. */
  takeStdout?: (chunk: Buffer) => void;
}

/** Runs one command; what uploads and downloads are built on. */
export type Runner = (command: string, options: RunOptions) => Promise<ExecResult>;

/** Run one command on an open connection. The caller holds a channel slot. */
export async function runCommand(
  client: Client,
  node: string,
  command: string,
  options: RunOptions,
): Promise<ExecResult> {
  const nonce = randomBytes(12).toString("hex");
  const { environment = {}, shell = "login" } = options;
  const remote = renderRemoteCommand({ command, environment, shell, nonce });
  const channel = await openChannel(client, node, remote.request);
  return await new Promise((resolve, reject) =>
    new Run(client, node, channel, options, resolve, reject).start(remote),
  );
}

class Run {
  private readonly client: Client;
  private readonly node: string;
  private readonly channel: ClientChannel;
  private readonly options: RunOptions;
  private readonly resolve: (result: ExecResult) => void;
  private readonly reject: (reason: unknown) => void;
  private readonly stdout: OutputBuffer;
  private readonly stderr: OutputBuffer;
  /** What the server said about the end; absent after a cut connection. */
  private exit: { exitCode: number | null; signal: string | null } | undefined;
  private processId: number | undefined;
  private failure: ((ended: boolean) => errors.SshError) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly closed: Promise<void>;
  private readonly announced: Promise<void>;
  private announce: () => void = () => {};

  constructor(
    client: Client,
    node: string,
    channel: ClientChannel,
    options: RunOptions,
    resolve: (result: ExecResult) => void,
    reject: (reason: unknown) => void,
  ) {
    this.client = client;
    this.node = node;
    this.channel = channel;
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
    this.stdout = new OutputBuffer(options.onStdout);
    this.stderr = new OutputBuffer(options.onStderr);
    this.closed = new Promise((done) => channel.once("close", done));
    this.announced = new Promise((done) => {
      this.announce = done;
    });
  }

  start({ preamble, marker }: { preamble: string; marker: string }): void {
    const { channel, options } = this;
    channel.on("data", (chunk: Buffer) =>
      (options.takeStdout ?? ((bytes) => this.stdout.push(bytes)))(chunk),
    );
    this.readStderr(marker);
    channel.on("exit", (exitCode: number | null, signal?: string) => {
      this.exit = { exitCode, signal: signal === undefined ? null : `SIG${signal.replace(/^SIG/, "")}` };
    });
    channel.on("error", () => {}); // what matters is the close that follows
    this.closed.then(() => this.failure ?? this.settle());

    const { signal, timeoutSeconds } = options;
    if (timeoutSeconds !== undefined)
      this.timer = setTimeout(
        () => void this.end((ended) => errors.commandTimedOut(this.node, timeoutSeconds, ended)),
        timeoutSeconds * 1000,
      );
    signal?.addEventListener("abort", this.onAbort, { once: true });
    if (signal?.aborted) this.onAbort();

    channel.write(preamble);
    this.writeInput();
  }

  private readonly onAbort = () => void this.end((ended) => errors.cancelled(this.node, ended));

  private writeInput(): void {
    const { stdin } = this.options;
    if (stdin === undefined || typeof stdin === "string" || Buffer.isBuffer(stdin)) this.channel.end(stdin);
    else pipeline(stdin, this.channel.stdin, (error) => error && this.channel.end());
  }

  /** The first line that is the marker is ours and tells the process; everything else is the command's. */
  private readStderr(marker: string): void {
    let held: Buffer | undefined = Buffer.alloc(0);
    this.channel.stderr.on("data", (chunk: Buffer) => {
      if (held === undefined) {
        this.stderr.push(chunk);
        return;
      }
      held = Buffer.concat([held, chunk]);
      const start = held.indexOf(marker);
      const end = start < 0 ? -1 : held.indexOf(10, start);
      if (end < 0) return;
      this.processId = Number(held.toString("latin1", start + marker.length, end));
      this.announce();
      this.stderr.push(Buffer.concat([held.subarray(0, start), held.subarray(end + 1)]));
      held = undefined;
    });
    this.channel.stderr.on("end", () => {
      if (held !== undefined) this.stderr.push(held);
      held = undefined;
    });
  }

  /** End the command on the node and then fail; whatever the node does, in bounded time. */
  private async end(failure: (ended: boolean) => errors.SshError): Promise<void> {
    if (this.failure) return;
    this.failure = failure;
    const ended = await Promise.race([this.endRemote(), after(END_LIMIT_MILLISECONDS).then(() => false)]);
    await Promise.race([this.closed, after(500)]);
    this.channel.close();
    this.release();
    this.reject(failure(ended || this.exit !== undefined));
  }

  /** True once the node says that nothing of the command is left. */
  private async endRemote(): Promise<boolean> {
    // The login shell may still be reading its start-up files; the command starts after them, whatever happens here.
    if (this.processId === undefined) await Promise.race([this.closed, this.announced]);
    if (this.processId === undefined) return false;
    const end = renderRemoteCommand({
      command: renderEnd(this.processId),
      environment: {},
      shell: "posix",
      nonce: randomBytes(12).toString("hex"),
    });
    try {
      const channel = await openChannel(this.client, this.node, end.request);
      channel.resume();
      channel.stderr.resume();
      channel.end(end.preamble);
      return await new Promise((done) => {
        channel.once("exit", (code: number | null) => done(code === 0));
        channel.once("close", () => done(false));
      });
    } catch {
      // No second channel to be had: the server may pass signals on (RFC 4254, 6.9), in sshd to the whole group.
      this.channel.signal("TERM");
      await Promise.race([this.closed, after(2000)]);
      this.channel.signal("KILL");
      return false;
    }
  }

  private settle(): void {
    this.release();
    if (!this.exit) {
      this.reject(errors.connectionLost(this.node));
      return;
    }
    this.resolve({
      ...this.exit,
      stdout: this.stdout.finish(),
      stderr: this.stderr.finish(),
      stdoutDroppedBytes: this.stdout.droppedBytes,
      stderrDroppedBytes: this.stderr.droppedBytes,
    });
  }

  private release(): void {
    clearTimeout(this.timer);
    this.options.signal?.removeEventListener("abort", this.onAbort);
  }
}

const after = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));
