import { StringDecoder } from "node:string_decoder";

/** Most that is kept of one output stream; a command that prints more should write to a file on the node. */
export const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;

/** Collects one output stream as text: characters never break at chunk borders, and memory has a bound. */
export class OutputBuffer {
  private readonly decoder = new StringDecoder("utf8");
  private readonly parts: string[] = [];
  private readonly limitBytes: number;
  private readonly onText: ((text: string) => void) | undefined;
  private keptBytes = 0;
  /** Bytes that came after the limit: counted, passed on to the listener, not kept. */
  droppedBytes = 0;

  constructor(onText?: (text: string) => void, limitBytes = OUTPUT_LIMIT_BYTES) {
    this.onText = onText;
    this.limitBytes = limitBytes;
  }

  push(chunk: Buffer): void {
    this.add(this.decoder.write(chunk));
  }

  /** Everything kept, after the last chunk. */
  finish(): string {
    this.add(this.decoder.end());
    return this.text;
  }

  /** Everything kept so far. */
  get text(): string {
    return this.parts.join("");
  }

  private add(text: string): void {
    if (text === "") return;
    const bytes = Buffer.byteLength(text);
    const room = this.limitBytes - this.keptBytes;
    const kept = bytes <= room ? text : fitting(text, room);
    const keptBytes = kept === text ? bytes : Buffer.byteLength(kept);
    if (kept !== "") this.parts.push(kept);
    this.keptBytes = bytes <= room ? this.keptBytes + keptBytes : this.limitBytes;
    this.droppedBytes += bytes - keptBytes;
    this.onText?.(text);
  }
}

/** The longest prefix of whole characters within so many bytes. */
function fitting(text: string, bytes: number): string {
  return new StringDecoder("utf8").write(Buffer.from(text).subarray(0, Math.max(0, bytes)));
}
