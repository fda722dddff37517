import * as fs from "node:fs/promises";
import { resolve } from "node:path";
import { readAttributes, renderAttributes } from "./attributes.ts";
import { nextEntries, type OpenFiles, openDirectory, openFile, setAttributes } from "./files.ts";
import {
  MalformedPacket,
  type PacketReader,
  packet,
  request,
  response,
  status,
  string,
  uint32,
} from "./wire.ts";

const maxReadBytes = 255 * 1024;

/** What a request is answered from. */
export interface RequestContext {
  files: OpenFiles;
  /** Where relative paths begin. */
  home: string;
  /** Whether the client names a symbolic link before its target, as the draft has it and OpenSSH has not. */
  linkFirst: boolean;
}

type Handler = (reader: PacketReader, context: RequestContext, id: Buffer) => Promise<Buffer>;

const handlers: Record<number, Handler> = {
  [request.open]: async (reader, { files, home }, id) => {
    const path = resolve(home, reader.text());
    const flags = reader.uint32();
    if (files.isFull) return statusReply(id, status.failure, "too many open files");
    return handleReply(id, files.add(await openFile(path, flags, readAttributes(reader))));
  },
  [request.opendir]: async (reader, { files, home }, id) => {
    if (files.isFull) return statusReply(id, status.failure, "too many open files");
    return handleReply(id, files.add(await openDirectory(resolve(home, reader.text()))));
  },
  [request.close]: (reader, { files }, id) => done(id, files.close(reader.text())),
  [request.read]: async (reader, { files }, id) => {
    const { file } = files.file(reader.text());
    const offset = reader.uint64();
    const buffer = Buffer.allocUnsafe(Math.min(reader.uint32(), maxReadBytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    if (bytesRead === 0) return statusReply(id, status.endOfFile);
    return packet(response.data, id, string(buffer.subarray(0, bytesRead)));
  },
  [request.write]: async (reader, { files }, id) => {
    const { file, appends } = files.file(reader.text());
    const offset = reader.uint64();
    const bytes = reader.bytes();
    for (let written = 0; written < bytes.length; ) {
      const position = appends ? null : offset + written;
      written += (await file.write(bytes, written, bytes.length - written, position)).bytesWritten;
    }
    return statusReply(id, status.ok);
  },
  [request.readdir]: async (reader, { files }, id) => {
    const entries = await nextEntries(files.directory(reader.text()));
    if (entries.length === 0) return statusReply(id, status.endOfFile);
    return packet(response.name, id, uint32(entries.length), ...entries);
  },
  [request.stat]: async (reader, { home }, id) =>
    attributesReply(id, await fs.stat(resolve(home, reader.text()))),
  [request.lstat]: async (reader, { home }, id) =>
    attributesReply(id, await fs.lstat(resolve(home, reader.text()))),
  [request.fstat]: async (reader, { files }, id) =>
    attributesReply(id, await files.file(reader.text()).file.stat()),
  [request.setstat]: (reader, { home }, id) => {
    const path = resolve(home, reader.text());
    const target = {
      truncate: (size?: number) => fs.truncate(path, size),
      chmod: (mode: string | number) => fs.chmod(path, mode),
      chown: (user: number, group: number) => fs.chown(path, user, group),
      utimes: (accessed: number | string | Date, modified: number | string | Date) =>
        fs.utimes(path, accessed, modified),
    };
    return done(id, setAttributes(target, readAttributes(reader)));
  },
  [request.fsetstat]: (reader, { files }, id) => {
    const { file } = files.file(reader.text());
    return done(id, setAttributes(file, readAttributes(reader)));
  },
  [request.remove]: (reader, { home }, id) => done(id, fs.unlink(resolve(home, reader.text()))),
  [request.mkdir]: (reader, { home }, id) => {
    const path = resolve(home, reader.text());
    return done(id, fs.mkdir(path, readAttributes(reader).permissions ?? 0o777));
  },
  [request.rmdir]: (reader, { home }, id) => done(id, fs.rmdir(resolve(home, reader.text()))),
  [request.rename]: async (reader, { home }, id) => {
    const [from, to] = [resolve(home, reader.text()), resolve(home, reader.text())];
    // In this version of the protocol a rename replaces nothing; clients ask for posix-rename if it should.
    const exists = await fs.lstat(to).then(
      () => true,
      () => false,
    );
    return exists ? statusReply(id, status.failure, "the target exists") : done(id, fs.rename(from, to));
  },
  [request.realpath]: async (reader, { home }, id) => nameReply(id, resolve(home, reader.text())),
  [request.readlink]: async (reader, { home }, id) =>
    nameReply(id, await fs.readlink(resolve(home, reader.text()))),
  [request.symlink]: (reader, { home, linkFirst }, id) => {
    const [first, second] = [reader.text(), reader.text()];
    const [target, link] = linkFirst ? [second, first] : [first, second];
    return done(id, fs.symlink(target, resolve(home, link)));
  },
  [request.extended]: (reader, context, id) => {
    const name = reader.text();
    const handler = Object.hasOwn(extensions, name) ? extensions[name] : undefined;
    return handler === undefined ? unsupported(id) : handler(reader, context, id);
  },
};

/** OpenSSH's additions that make an atomic upload possible, and `~` in paths. */
const extensions: Record<string, Handler> = {
  "posix-rename@openssh.com": (reader, { home }, id) => {
    const [from, to] = [resolve(home, reader.text()), resolve(home, reader.text())];
    return done(id, fs.rename(from, to));
  },
  "fsync@openssh.com": (reader, { files }, id) => done(id, files.file(reader.text()).file.sync()),
  "expand-path@openssh.com": async (reader, { home }, id) =>
    nameReply(id, resolve(home, reader.text().replace(/^~(?=\/|$)\/?/, ""))),
};

/** The answer to the first packet: the version, and what there is beyond it. */
export function versionReply(): Buffer {
  const offered = Object.keys(extensions).flatMap((name) => [string(name), string("1")]);
  return packet(response.version, uint32(3), ...offered);
}

/** Answers one request; a failure is an answer too, with the system's own words. */
export async function answer(type: number, reader: PacketReader, context: RequestContext): Promise<Buffer> {
  const id = uint32(reader.uint32());
  try {
    return await (handlers[type]?.(reader, context, id) ?? unsupported(id));
  } catch (error) {
    if (error instanceof MalformedPacket) return statusReply(id, status.badMessage, error.message);
    const { code, message } = error as NodeJS.ErrnoException;
    return statusReply(id, toStatus(code), message);
  }
}

function toStatus(code: string | undefined): number {
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return status.noSuchFile;
  return code === "EACCES" || code === "EPERM" || code === "EROFS" ? status.permissionDenied : status.failure;
}

async function done(id: Buffer, work: Promise<unknown>): Promise<Buffer> {
  await work;
  return statusReply(id, status.ok);
}

const unsupported = async (id: Buffer) => statusReply(id, status.unsupported, "not supported");

const statusReply = (id: Buffer, code: number, message = "") =>
  packet(response.status, id, uint32(code), string(message), string("en"));

const handleReply = (id: Buffer, handle: string) => packet(response.handle, id, string(handle));

const attributesReply = (id: Buffer, stats: Parameters<typeof renderAttributes>[0]) =>
  packet(response.attributes, id, renderAttributes(stats));

const nameReply = (id: Buffer, path: string) =>
  packet(response.name, id, uint32(1), string(path), string(path), uint32(0));
