import type { ServerChannel } from "ssh2";
import { OpenFiles } from "./files.ts";
import { answer, versionReply } from "./requests.ts";
import { PacketReader, PacketSplitter, request } from "./wire.ts";

export interface SftpArgs {
  channel: ServerChannel;
  /** Aborted when nobody is there any more. */
  gone: AbortSignal;
  /** Where relative paths begin. */
  home: string;
  /** What the client calls itself. */
  client: string;
}

/**
 * Serves SFTP over a channel: what scp, sftp and libraries need, on the whole file system as a login has it.
 *
 * Not ssh2's own server side: that one offers no extensions, so that clients could neither flush a file nor replace
 * one by a rename, and it takes requests however fast they come. Here one request is answered after the other, and
 * the channel is read no faster.
 */
export function serveSftp({ channel, gone, home, client }: SftpArgs): void {
  const splitter = new PacketSplitter();
  const files = new OpenFiles();
  // Most clients follow OpenSSH; this one only when the server is OpenSSH.
  const linkFirst = client.startsWith("ssh2js");
  let last: Promise<void> = Promise.resolve();
  let begun = false;

  const answerAll = async (packets: Buffer[]) => {
    for (const bytes of packets) {
      if (gone.aborted) return;
      const reader = new PacketReader(bytes);
      const type = reader.byte();
      if (begun) await send(channel, await answer(type, reader, { files, home, linkFirst }), gone);
      else if (type !== request.init) throw new Error("the first packet must be INIT");
      else {
        begun = true;
        await send(channel, versionReply(), gone);
      }
    }
  };
  const end = (code: number) => {
    void files.closeAll();
    if (gone.aborted) return;
    channel.exit(code);
    channel.end();
  };
  channel.on("error", () => {});
  channel.on("data", (chunk: Buffer) => {
    channel.pause();
    last = last
      .then(() => answerAll(splitter.push(chunk)))
      .then(
        () => void channel.resume(),
        // Whoever sends what is no packet will not understand an answer either.
        () => end(1),
      );
  });
  channel.once("end", () => void last.then(() => end(0)));
  gone.addEventListener("abort", () => void last.then(() => files.closeAll()));
}

/** Resolves when the client has taken it, or will never. */
function send(channel: ServerChannel, bytes: Buffer, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      gone.removeEventListener("abort", settle);
      resolve();
    };
    gone.addEventListener("abort", settle);
    channel.write(bytes, settle);
  });
}
