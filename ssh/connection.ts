import type { Client } from "ssh2";
import { ChannelLimit } from "./channel.ts";
import { type DownloadOptions, downloadFile } from "./download.ts";
import { badSetting, cancelled, connectionLost } from "./errors.ts";
import { type ExecOptions, type ExecResult, type Runner, type RunOptions, runCommand } from "./exec.ts";
import { isVariableName } from "./remoteCommand.ts";
import { type SshSettings, toNode } from "./settings.ts";
import { Slots } from "./slots.ts";
import { type Upload, type UploadOptions, type UploadSource, uploadFile } from "./upload.ts";
import { type TreeUpload, type TreeUploadOptions, uploadTree } from "./uploadTree.ts";

/** sshd allows 10 sessions a connection by default (MaxSessions); the rest is left for ending commands. */
const CHANNELS = 8;

/** A standing, authenticated connection to one node, shared by everyone who asked the pool for it. */
export class SshConnection {
  /** `user@host:port`. */
  readonly node: string;
  private readonly client: Client;
  private readonly channels = new Slots(CHANNELS);
  private open = true;

  constructor(settings: SshSettings, client: Client, onClosed: () => void) {
    this.node = toNode(settings);
    this.client = client;
    client.once("close", () => {
      this.open = false;
      this.channels.refuseAll(connectionLost(this.node));
      onClosed();
    });
  }

  /** False once the connection is closed or lost; the pool then dials a new one. */
  get alive(): boolean {
    return this.open;
  }

  /**
   * Run a command by the user's login shell (or /bin/sh). At most 8 run at a time, the others wait in order.
   * Throws {@link SshError} when the command could not be run to its end; a non-zero exit is a result.
   */
  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    return await this.run(command, options);
  }

  /** Write a file so that a reader sees the old content or the new, never a part. See {@link uploadFile}. */
  async upload(source: UploadSource, remotePath: string, options: UploadOptions = {}): Promise<Upload> {
    return await uploadFile(this.runner, this.node, source, remotePath, options);
  }

  /** Copy a directory's files into a directory on the node. See {@link uploadTree}. */
  async uploadTree(
    localDirectory: string,
    remoteDirectory: string,
    options: TreeUploadOptions = {},
  ): Promise<TreeUpload> {
    return await uploadTree(this.runner, this.node, localDirectory, remoteDirectory, options);
  }

  /** Read a file whole. See {@link downloadFile}. */
  async download(remotePath: string, options: DownloadOptions = {}): Promise<Buffer> {
    return await downloadFile(this.runner, this.node, remotePath, options);
  }

  /** Say goodbye and close. Commands that still run fail with E_SSH_LOST. */
  async close(): Promise<void> {
    if (!this.open) return;
    const closed = new Promise<void>((done) => this.client.once("close", () => done()));
    this.client.end();
    // A peer that is gone never answers the goodbye.
    const timer = setTimeout(() => this.client.destroy(), 1000);
    await closed;
    clearTimeout(timer);
  }

  private readonly runner: Runner = (command, options) => this.run(command, options);

  private async run(command: string, options: RunOptions): Promise<ExecResult> {
    const bad = Object.keys(options.environment ?? {}).find((name) => !isVariableName(name));
    if (bad !== undefined) throw badSetting("environment", "names that a shell can export", `"${bad}"`);
    for (;;) {
      const release = await this.takeChannel(options.signal);
      try {
        return await runCommand(this.client, this.node, command, options);
      } catch (error) {
        if (!(error instanceof ChannelLimit)) throw error;
        // A server with a lower MaxSessions: go on with as many as it allowed, unless that is none.
        if (this.channels.taken <= 1) throw error.explained;
        this.channels.lowerTo(this.channels.taken - 1);
      } finally {
        release();
      }
    }
  }

  private async takeChannel(signal?: AbortSignal): Promise<() => void> {
    if (!this.open) throw connectionLost(this.node);
    try {
      return await this.channels.take(signal);
    } catch (error) {
      throw signal?.aborted ? cancelled(this.node, null) : error;
    }
  }
}
