import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { Client } from "ssh2";
import { cancelled, connectionLost, downloadFailed, SshError, uploadFailed } from "./errors.ts";
import { ChannelLimit, type ExecOptions, type ExecResult, type RunOptions, runCommand } from "./exec.ts";
import { quote } from "./quote.ts";
import { type SshSettings, toNode } from "./settings.ts";
import { Slots } from "./slots.ts";

/** Channels at once on one connection; sshd's MaxSessions is 10 by default, and ending a command takes one more. */
const CHANNELS = 8;

/** What an upload left on the node. */
export interface Uploaded {
  /** sha256 of the content, in hexadecimal, as the node computed it. */
  sha256: string;
  bytes: number;
}

/** One open connection to a node. Made by the pool; `close` waits for nothing. */
export class SshConnection {
  /** False once the connection is lost or closed. */
  alive = true;
  private readonly client: Client;
  private readonly node: string;
  private readonly slots = new Slots(CHANNELS);

  constructor(settings: SshSettings, client: Client, onClose: () => void) {
    this.client = client;
    this.node = toNode(settings);
    client.on("error", () => {}); // the close that follows ends every channel, and each says so
    client.once("close", () => {
      this.alive = false;
      this.slots.refuseAll(connectionLost(this.node));
      onClose();
    });
  }

  /** Run a command. A non-zero exit code is a result; a cut connection, a time limit or an abort throws an SshError. */
  exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    return this.run(command, options);
  }

  /**
   * Put content at a path, whole or not at all: written to a name of its own in the same directory, synced, given its
   * mode, checked by sha256 on the node, and renamed. Parent directories are made.
   */
  async upload(
    source: Buffer | { file: string },
    path: string,
    { mode = 0o644, signal }: { mode?: number; signal?: AbortSignal } = {},
  ): Promise<Uploaded> {
    const hash = createHash("sha256");
    let bytes = 0;
    const content = Buffer.isBuffer(source) ? Readable.from([source]) : createReadStream(source.file);
    const stdin = Readable.from(
      (async function* () {
        for await (const chunk of content as AsyncIterable<Buffer>) {
          hash.update(chunk);
          bytes += chunk.length;
          yield chunk;
        }
      })(),
      { objectMode: false },
    );
    const partial = `${path}.${randomUUID()}.partial`;
    const receive = await this.posix(renderReceive(partial, mode), { stdin, ...(signal && { signal }) });
    const wanted = hash.digest("hex");
    const found = receive.stdout.trim().split(/\s+/)[0] ?? "";
    if (receive.exitCode !== 0 || found !== wanted) {
      await this.posix(`rm -f ${quote(partial)}`, {}).catch(() => undefined);
      const reason =
        receive.exitCode !== 0 ? lastLine(receive.stderr) : `sha256 ${wanted} was sent, ${found} arrived`;
      throw uploadFailed(this.node, path, reason);
    }
    const renamed = await this.posix(`mv -f ${quote(partial)} ${quote(path)}`, {});
    if (renamed.exitCode !== 0) throw uploadFailed(this.node, path, lastLine(renamed.stderr));
    return { sha256: wanted, bytes };
  }

  /** The content of a file on the node. */
  async download(path: string, { signal }: { signal?: AbortSignal } = {}): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const result = await this.posix(`cat ${quote(path)}`, {
      takeStdout: (chunk) => chunks.push(chunk),
      ...(signal && { signal }),
    });
    if (result.exitCode !== 0) throw downloadFailed(this.node, path, lastLine(result.stderr));
    return Buffer.concat(chunks);
  }

  /** End the connection and everything that waits for a channel. */
  async close(): Promise<void> {
    if (!this.alive) return;
    await new Promise<void>((done) => {
      this.client.once("close", () => done());
      this.client.end();
      setTimeout(() => this.client.destroy(), 1000).unref();
    });
  }

  private posix(command: string, options: RunOptions): Promise<ExecResult> {
    return this.run(command, { ...options, shell: "posix" });
  }

  private async run(command: string, options: RunOptions): Promise<ExecResult> {
    for (;;) {
      const release = await this.slots.take(options.signal).catch((reason) => {
        throw reason instanceof SshError ? reason : cancelled(this.node, null);
      });
      try {
        if (!this.alive) throw connectionLost(this.node);
        return await runCommand(this.client, this.node, command, options);
      } catch (error) {
        if (!(error instanceof ChannelLimit)) throw error;
        // The server allows fewer than we hold: with others open, wait for one of them; alone, it is a refusal.
        if (this.slots.taken <= 1) throw error.explained;
        this.slots.lowerTo(this.slots.taken - 1);
      } finally {
        release();
      }
    }
  }
}

// `sync FILE` is GNU's; elsewhere python3 or perl, and failing these the whole disk is synced.
const renderReceive = (partial: string, mode: number) => `set -e
umask 077
p=${quote(partial)}
mkdir -p "$(dirname "$p")"
trap 'rm -f "$p"' HUP INT TERM
cat > "$p" || { rm -f "$p"; exit 1; }
chmod ${(mode & 0o7777).toString(8)} "$p"
sync "$p" 2>/dev/null || sync
if command -v sha256sum >/dev/null 2>&1; then sha256sum < "$p"
elif command -v shasum >/dev/null 2>&1; then shasum -a 256 < "$p"
else openssl dgst -sha256 -r < "$p"; fi
`;

const lastLine = (text: string) => text.trim().split("\n").at(-1) || "no reason was given";
