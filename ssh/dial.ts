import { connect as connectTcp, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import ssh2, { type AuthenticationType, type Client, type ConnectConfig } from "ssh2";
import * as errors from "./errors.ts";
import { type HostKeyCheck, readHostKeyCheck } from "./hostKeys.ts";
import { type SshEndpoint, toNode } from "./settings.ts";

// ssh2 is CommonJS: Node sees no named exports in it.
const { utils } = ssh2;

/** One failed dial, and whether another may do better. */
export class DialFailure extends Error {
  readonly mayPass: boolean;
  readonly explain: (attempts: number) => errors.SshError;

  constructor(mayPass: boolean, explain: (attempts: number) => errors.SshError) {
    super("dial failed");
    this.mayPass = mayPass;
    this.explain = explain;
  }
}

export interface DialOptions {
  signal: AbortSignal;
  keepaliveSeconds: number;
  /** How the bytes get there when not by a TCP connection from here. */
  openTransport?: () => Promise<Duplex>;
}

/** Everything about a dial that can be wrong without asking the network; read once, used by every attempt. */
export interface DialPlan {
  endpoint: SshEndpoint;
  hostKey: HostKeyCheck;
  authentication: Pick<ConnectConfig, "privateKey" | "passphrase" | "password" | "agent">;
  methods: AuthenticationType[];
}

export async function readDialPlan(endpoint: SshEndpoint): Promise<DialPlan> {
  const { privateKey, passphrase, password, agentSocketPath } = endpoint.credentials;
  const methods: AuthenticationType[] = [];
  if (privateKey !== undefined) {
    const parsed = utils.parseKey(privateKey, passphrase);
    if (parsed instanceof Error)
      throw errors.badSetting(
        "privateKey",
        passphrase === undefined
          ? "a private key without passphrase"
          : "a private key that the passphrase unlocks",
        parsed.message,
      );
    methods.push("publickey");
  }
  if (agentSocketPath !== undefined) methods.push("agent");
  if (password !== undefined) methods.push("password", "keyboard-interactive");
  if (methods.length === 0) throw errors.noCredentials(toNode(endpoint));
  return {
    endpoint,
    hostKey: await readHostKeyCheck(endpoint),
    authentication: {
      ...(privateKey !== undefined && { privateKey }),
      ...(passphrase !== undefined && { passphrase }),
      ...(password !== undefined && { password }),
      ...(agentSocketPath !== undefined && { agent: agentSocketPath }),
    },
    methods,
  };
}

/** Dial once: TCP, key exchange, host key, authentication. Throws {@link DialFailure}, or the signal's reason. */
export async function dialOnce(plan: DialPlan, options: DialOptions): Promise<Client> {
  const { endpoint } = plan;
  const seconds = endpoint.dialTimeoutSeconds ?? 15;
  const deadline = AbortSignal.timeout(seconds > 0 ? seconds * 1000 : 2 ** 31 - 1);
  const ended = AbortSignal.any([options.signal, deadline]);
  let transport: Duplex;
  try {
    transport = await (options.openTransport?.() ?? openSocket(endpoint, ended));
  } catch (cause) {
    options.signal.throwIfAborted();
    if (cause instanceof errors.SshError) throw new DialFailure(false, () => cause);
    throw toDialFailure(endpoint, deadline.aborted ? `no answer within ${seconds} s` : undefined, cause);
  }
  return await authenticate(plan, transport, options, ended, seconds);
}

function openSocket(endpoint: SshEndpoint, ended: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    ended.throwIfAborted();
    const socket = connectTcp({ host: endpoint.host, port: endpoint.port ?? 22, noDelay: true });
    const giveUp = () => socket.destroy(ended.reason);
    ended.addEventListener("abort", giveUp, { once: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      ended.removeEventListener("abort", giveUp);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

function authenticate(
  plan: DialPlan,
  transport: Duplex,
  options: DialOptions,
  ended: AbortSignal,
  seconds: number,
): Promise<Client> {
  const { endpoint, hostKey } = plan;
  const node = toNode(endpoint);
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let refusedKey: errors.SshError | undefined;
    let handshakeDone = false;

    const fail = (reason: unknown) => {
      ended.removeEventListener("abort", giveUp);
      client.destroy();
      transport.destroy();
      reject(reason);
    };
    const giveUp = () => {
      if (options.signal.aborted) fail(options.signal.reason);
      else fail(new DialFailure(false, () => errors.handshakeTimedOut(node, seconds)));
    };
    ended.addEventListener("abort", giveUp, { once: true });

    client.on("handshake", () => {
      handshakeDone = true;
    });
    client.on("error", (error: Error & { level?: string; code?: unknown }) => {
      if (error.level === "agent") return; // ssh2 goes on with the next method
      if (refusedKey) {
        const explained = refusedKey;
        fail(new DialFailure(false, () => explained));
      } else if (
        error.level === "client-authentication" ||
        (handshakeDone && typeof error.code === "number")
      ) {
        fail(
          new DialFailure(false, () =>
            errors.authenticationFailed(node, endpoint.user, plan.methods.join(", "), error),
          ),
        );
      } else {
        fail(toHandshakeFailure(endpoint, handshakeDone, error));
      }
    });
    client.on("close", () => fail(toHandshakeFailure(endpoint, handshakeDone, undefined)));
    client.on("keyboard-interactive", (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.map(() => endpoint.credentials.password ?? "")),
    );
    client.on("ready", () => {
      ended.removeEventListener("abort", giveUp);
      client.removeAllListeners();
      client.on("error", () => {}); // whoever uses the connection listens to its closing
      resolve(client);
    });
    client.connect({
      ...plan.authentication,
      sock: transport as Socket,
      host: endpoint.host,
      username: endpoint.user,
      tryKeyboard: plan.methods.includes("keyboard-interactive"),
      authHandler: plan.methods,
      readyTimeout: 0,
      keepaliveInterval: options.keepaliveSeconds * 1000,
      keepaliveCountMax: 3,
      algorithms: { serverHostKey: hostKey.algorithms },
      hostVerifier: (key: Buffer) => {
        refusedKey = hostKey.judge(key);
        return refusedKey === undefined;
      },
    });
  });
}

function toHandshakeFailure(
  endpoint: SshEndpoint,
  handshakeDone: boolean,
  cause: Error | undefined,
): DialFailure {
  const node = toNode(endpoint);
  // After the key exchange, a server that hangs up has seen who we are: dialling again would only repeat that.
  if (handshakeDone) return new DialFailure(false, () => errors.connectionLost(node, cause));
  const level = (cause as { level?: string } | undefined)?.level;
  // A server over its MaxStartups closes new connections without a word.
  if (cause === undefined || level === "client-socket" || cause.message.startsWith("Connection lost before"))
    return new DialFailure(true, (attempts) => errors.refused(node, attempts, cause));
  return new DialFailure(false, () => errors.handshakeFailed(node, cause.message, cause));
}

function toDialFailure(endpoint: SshEndpoint, reason: string | undefined, cause: unknown): DialFailure {
  const node = toNode(endpoint);
  const code = reason === undefined ? codeOf(cause) : undefined;
  if (code === "ECONNREFUSED" || code === "ECONNRESET" || code === "EPIPE")
    return new DialFailure(true, (attempts) => errors.refused(node, attempts, cause));
  // A host that is still booting swallows packets or has no route yet; nothing was said, so asking again is safe.
  return new DialFailure(true, (attempts) =>
    errors.unreachable(node, attempts, reason ?? code ?? "unknown reason", cause),
  );
}

/** The code of an error, or of the first of several (Node tries every address of a name). */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : undefined;
}
