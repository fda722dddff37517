/** Numbers of SFTP version 3 (draft-ietf-secsh-filexfer-02), the version that all clients speak. */
export const request = {
  init: 1,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  extended: 200,
} as const;

export const response = {
  version: 2,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attributes: 105,
} as const;

export const status = {
  ok: 0,
  endOfFile: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  unsupported: 8,
} as const;

/** What one request may take, as OpenSSH has it; an upload comes in pieces of 32 or 255 KiB. */
export const maxPacketBytes = 256 * 1024;

export class MalformedPacket extends Error {}

/** Reads the fields of one packet, front to back. */
export class PacketReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#take(1).readUInt8();
  }

  uint32(): number {
    return this.#take(4).readUInt32BE();
  }

  /** A file offset or size, which JavaScript's numbers hold up to 8 PiB. */
  uint64(): number {
    const value = Number(this.#take(8).readBigUInt64BE());
    if (!Number.isSafeInteger(value)) throw new MalformedPacket("offset beyond 8 PiB");
    return value;
  }

  bytes(): Buffer {
    return this.#take(this.uint32());
  }

  text(): string {
    const text = this.bytes().toString("utf8");
    if (text.includes("\0")) throw new MalformedPacket("NUL byte in a name");
    return text;
  }

  #take(count: number): Buffer {
    if (count > this.#bytes.length - this.#at) throw new MalformedPacket("packet too short");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** One packet: its length, its type, its fields. */
export function packet(type: number, ...fields: Buffer[]): Buffer {
  const length = fields.reduce((sum, field) => sum + field.length, 1);
  return Buffer.concat([uint32(length), Buffer.from([type]), ...fields]);
}

/** Cuts a stream of bytes into packets; keeps what is not whole yet. */
export class PacketSplitter {
  #pending: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const packets: Buffer[] = [];
    while (this.#pending.length >= 4) {
      const length = this.#pending.readUInt32BE();
      if (length === 0 || length > maxPacketBytes) throw new MalformedPacket(`packet of ${length} bytes`);
      if (this.#pending.length < 4 + length) break;
      packets.push(this.#pending.subarray(4, 4 + length));
      this.#pending = this.#pending.subarray(4 + length);
    }
    return packets;
  }
}
