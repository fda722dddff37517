import { homedir } from "node:os";
import { join } from "node:path";
import type { SshEndpoint, SshSettings } from "../ssh/settings.ts";

/** `connection` as programs written for @pulumi/command give it. */
export interface ConnectionInput {
  host: string;
  port?: number;
  user?: string;
  password?: string;
  privateKey?: string;
  privateKeyPassword?: string;
  agentSocketPath?: string;
  hostKey?: string;
  dialErrorLimit?: number;
  perDialTimeout?: number;
  proxy?: ConnectionInput;
}

/** SSH settings from `connection`. Without `hostKey` the user's known_hosts decides: no key is ever accepted unseen. */
export function toSettings(connection: ConnectionInput): SshSettings {
  return {
    ...toEndpoint(connection),
    ...(connection.proxy && { proxy: toEndpoint(connection.proxy) }),
  };
}

function toEndpoint(connection: ConnectionInput): SshEndpoint {
  const agentSocketPath = connection.agentSocketPath ?? (process.env.SSH_AUTH_SOCK || undefined);
  return {
    host: connection.host,
    port: connection.port ?? 22,
    user: connection.user ?? "root",
    credentials: {
      ...(connection.privateKey !== undefined && { privateKey: connection.privateKey }),
      ...(connection.privateKeyPassword !== undefined && { passphrase: connection.privateKeyPassword }),
      ...(connection.password !== undefined && { password: connection.password }),
      ...(agentSocketPath !== undefined && { agentSocketPath }),
    },
    hostKey:
      connection.hostKey === undefined
        ? { kind: "known-hosts", file: join(homedir(), ".ssh", "known_hosts") }
        : { kind: "pinned", key: connection.hostKey },
    ...(connection.dialErrorLimit !== undefined && { dialErrorLimit: connection.dialErrorLimit }),
    ...(connection.perDialTimeout !== undefined && { dialTimeoutSeconds: connection.perDialTimeout }),
  };
}
