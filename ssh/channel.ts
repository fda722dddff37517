import type { Client, ClientChannel } from "ssh2";
import * as errors from "./errors.ts";

/** The server's answer to "one more channel": a channel, or {@link ChannelLimit} when it has no more. */
export function openChannel(client: Client, node: string, request: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: unknown) => {
      const reason = (cause as { reason?: unknown }).reason;
      if (typeof reason === "number") reject(new ChannelLimit(errors.channelRefused(node, cause)));
      else if (/Unable to exec/.test(String(cause))) reject(errors.channelRefused(node, cause));
      else reject(errors.connectionLost(node, cause));
    };
    try {
      client.exec(request, (cause, channel) => (cause ? refuse(cause) : resolve(channel)));
    } catch (cause) {
      refuse(cause);
    }
  });
}

/** The server opens no further channel on this connection now; with fewer open it may. */
export class ChannelLimit extends Error {
  readonly explained: errors.SshError;

  constructor(explained: errors.SshError) {
    super(explained.message);
    this.explained = explained;
  }
}
