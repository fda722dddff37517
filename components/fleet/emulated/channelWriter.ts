import type { Readable, Writable } from "node:stream";
import type { ServerChannel } from "ssh2";

/**
 * Sends a command's output and errors over its channel, one chunk at a time and each to its end.
 *
 * ssh2 1.17 keeps one unsent chunk for each of the two streams and, when the client opens its window again, resends
 * whichever it finds first, sent or not (server.js, CHANNEL_WINDOW_ADJUST). With both waiting, bytes would be lost or
 * doubled; so only one is ever under way, and what ssh2 remembers of it is cleared when it is done.
 */
export class ChannelWriter {
  readonly #channel: ServerChannel;
  readonly #gone: AbortSignal;
  readonly #closed: Promise<void>;
  #last: Promise<void> = Promise.resolve();

  /** `gone` says that nobody is there any more to read; ssh2 then drops what is written without a word. */
  constructor(channel: ServerChannel, gone: AbortSignal) {
    this.#channel = channel;
    this.#gone = gone;
    this.#closed = new Promise((resolve) => {
      if (gone.aborted) resolve();
      else gone.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Forwards until the source ends. When the channel closes first, so does the source: its writer gets SIGPIPE. */
  async forward(source: Readable, to: "output" | "errors"): Promise<void> {
    const target = to === "output" ? this.#channel : this.#channel.stderr;
    void this.#closed.then(() => source.destroy());
    try {
      for await (const chunk of source) await this.#send(target, chunk);
    } catch (error) {
      if (!this.#gone.aborted) throw error;
    }
  }

  #send(target: Writable, chunk: Buffer): Promise<void> {
    const sent = this.#last.then(() =>
      this.#gone.aborted ? undefined : Promise.race([this.#write(target, chunk), this.#closed]),
    );
    this.#last = sent;
    return sent;
  }

  #write(target: Writable, chunk: Buffer): Promise<void> {
    return new Promise((resolve) => {
      target.write(chunk, () => {
        Object.assign(this.#channel, {
          _chunk: undefined,
          _chunkcb: undefined,
          _chunkErr: undefined,
          _chunkcbErr: undefined,
        });
        resolve();
      });
    });
  }
}
