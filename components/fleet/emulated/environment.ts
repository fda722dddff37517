import { userInfo } from "node:os";
import { markerVariable } from "./processTable.ts";

/**
 * Variables of this machine that reach commands on a node: what a login would set, what lets installers reach their
 * index through a proxy with its certificates, and what a scheduler uses to say which GPUs are ours.
 * All else (an activated environment, tokens, Pulumi's passphrase) stays out, as it would on a remote host.
 */
const passed = new Set([
  ...["PATH", "LANG", "TERM", "USER", "TMPDIR", "TZ"],
  ...[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
  ],
  ...[
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
  ],
  ...["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"],
]);
const passedPrefixes = ["PIP_", "UV_", "LC_"];

/** Variables that a client may set by an `env` request; sshd's AcceptEnv plus the two that Pulumi's own plugin sends. */
const accepted =
  /^(LANG|LC_[A-Z_]+|TERM|COLORTERM|NO_COLOR|PULUMI_COMMAND_(STDOUT|STDERR)|ROCMARK_[A-Z0-9_]+)$/;

export function passedEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (passed.has(name) || passedPrefixes.some((prefix) => name.startsWith(prefix))) kept[name] = value;
  }
  return kept;
}

export const clientMaySet = (name: string): boolean => accepted.test(name) && name !== markerVariable;

/** The user whom commands run as, with a shell that really is one. */
export interface Login {
  user: string;
  shell: string;
}

export function readLogin(): Login {
  try {
    const { username, shell } = userInfo();
    return { user: username, shell: usableShell(shell) };
  } catch {
    // A container may run under a user id that has no name.
    return { user: process.env.USER ?? `uid${process.getuid?.() ?? ""}`, shell: "/bin/sh" };
  }
}

export function usableShell(shell: string | null): string {
  return shell === null || !shell.startsWith("/") || /\/(nologin|false|true|sync)$/.test(shell)
    ? "/bin/sh"
    : shell;
}

/** What a command on the node finds in its environment. */
export function commandEnvironment(args: {
  own: NodeJS.ProcessEnv;
  login: Login;
  root: string;
  id: string;
  fromClient: ReadonlyMap<string, string>;
  connection: { clientPort: number; port: number };
}): Record<string, string> {
  const { login, connection } = args;
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    ...passedEnvironment(args.own),
    ...Object.fromEntries(args.fromClient),
    USER: login.user,
    LOGNAME: login.user,
    SHELL: login.shell,
    HOME: args.root,
    PWD: args.root,
    SSH_CLIENT: `127.0.0.1 ${connection.clientPort} ${connection.port}`,
    SSH_CONNECTION: `127.0.0.1 ${connection.clientPort} 127.0.0.1 ${connection.port}`,
    [markerVariable]: args.id,
  };
}
