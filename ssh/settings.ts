import { createHash } from "node:crypto";

/** How to prove who we are; the first that the server accepts wins, in this order: key, agent, password. */
export interface SshCredentials {
  /** The text of a private key, in OpenSSH or PEM form. */
  privateKey?: string;
  /** What unlocks {@link privateKey} when it is encrypted. */
  passphrase?: string;
  password?: string;
  /** Path of an SSH agent's socket. */
  agentSocketPath?: string;
}

/** How the server proves who it is. There is no way to accept any key. */
export type HostKeyPolicy =
  /** Exactly this key, in OpenSSH form: `"ssh-ed25519 AAAA..."`; a comment after it is ignored. */
  | { kind: "pinned"; key: string }
  /** Whatever this known_hosts file says about the host; an unknown host is refused. */
  | { kind: "known-hosts"; file: string };

/** One end point: where, as whom, and how both sides are checked. */
export interface SshEndpoint {
  host: string;
  /** @default 22 */
  port?: number;
  user: string;
  credentials: SshCredentials;
  hostKey: HostKeyPolicy;
  /** Time limit of one dial: TCP connection, handshake and authentication, in seconds; 0 is none. @default 15 */
  dialTimeoutSeconds?: number;
  /** How many failed dials are tried again; -1 is no limit. @default 10 */
  dialErrorLimit?: number;
}

/** A node, and at most one bastion on the way to it. */
export interface SshSettings extends SshEndpoint {
  /** Silence after which the peer is asked whether it lives; four unanswered questions end the connection. @default 10 */
  keepaliveSeconds?: number;
  /** A host that only this one can be reached through. Its host key is checked in the same way. */
  proxy?: SshEndpoint;
}

/** `user@host:port`, for messages. */
export const toNode = (endpoint: SshEndpoint): string => `${endpoint.user}@${toAddress(endpoint)}`;

/** `host:port`, with brackets around an IPv6 address. */
export const toAddress = ({ host, port = 22 }: Pick<SshEndpoint, "host" | "port">): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** Two settings with equal keys may share a connection; credentials enter as a digest only. */
export function toConnectionKey(settings: SshSettings): string {
  const endpoint = (e: SshEndpoint) => [
    e.host,
    e.port ?? 22,
    e.user,
    e.hostKey,
    e.credentials.privateKey,
    e.credentials.passphrase,
    e.credentials.password,
    e.credentials.agentSocketPath,
  ];
  const parts = [endpoint(settings), settings.proxy ? endpoint(settings.proxy) : null];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
