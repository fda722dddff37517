import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import ssh2, { type Connection, type ServerChannel } from "ssh2";
import { type KeyPair, makeKeyPair } from "../../ssh/keyPair.ts";
import type { SshSettings } from "../../ssh/settings.ts";

/** How an SSH server misbehaves. */
export interface FakeSshOptions {
  hostKey?: KeyPair;
  /** Channels that may be open at once on a connection. @default no limit */
  channelLimit?: number;
  /** Says no to every credential. */
  refuseAuthentication?: boolean;
  /** Called with each TCP connection before SSH begins; true means that it was dealt with. */
  onSocket?(socket: Socket, count: number): boolean;
  /** What a command does. @default exit 0 without output, once its input has ended */
  onExec?(channel: ServerChannel, request: string, connection: Connection): void;
  /** Milliseconds before a handshake is answered. */
  handshakeDelay?: number;
}

/** An SSH server in this process that does exactly what a test says, for what a real sshd never does on request. */
export interface FakeSsh {
  port: number;
  hostKey: KeyPair;
  settings: SshSettings;
  /** TCP connections so far. */
  connections: number;
  /** Highest number of connections that were between accept and authentication at once. */
  mostHandshakes: number;
  /** Highest number of channels that were open at once. */
  mostChannels: number;
  stop(): Promise<void>;
}

export async function startFakeSsh(options: FakeSshOptions = {}): Promise<FakeSsh> {
  const hostKey = options.hostKey ?? makeKeyPair();
  const user = makeKeyPair();
  const sockets = new Set<Socket>();
  let handshakes = 0;
  let channels = 0;
  const ssh = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (connection) => {
    let open = 0;
    connection.on("error", () => {});
    connection.on("authentication", (context) => {
      if (options.refuseAuthentication) context.reject(["publickey"]);
      else context.accept();
    });
    connection.on("ready", () => {
      handshakes -= 1;
    });
    connection.on("session", (accept, reject) => {
      if (options.channelLimit !== undefined && open >= options.channelLimit) return reject();
      open += 1;
      channels += 1;
      fake.mostChannels = Math.max(fake.mostChannels, channels);
      const session = accept();
      session.on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        channel.once("close", () => {
          open -= 1;
          channels -= 1;
        });
        (options.onExec ?? exitAtEnd)(channel, command, connection);
      });
    });
  });
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    fake.connections += 1;
    if (options.onSocket?.(socket, fake.connections)) return;
    handshakes += 1;
    fake.mostHandshakes = Math.max(fake.mostHandshakes, handshakes);
    setTimeout(() => ssh.injectSocket(socket), options.handshakeDelay ?? 0);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const fake: FakeSsh = {
    port,
    hostKey,
    connections: 0,
    mostHandshakes: 0,
    mostChannels: 0,
    settings: {
      host: "127.0.0.1",
      port,
      user: "tester",
      credentials: { privateKey: user.privateKey },
      hostKey: { kind: "pinned", key: hostKey.publicKey },
      dialErrorLimit: 3,
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
  return fake;
}

/** Take all input, then exit. */
export function exitAtEnd(channel: ServerChannel): void {
  channel.resume();
  channel.once("end", () => {
    channel.exit(0);
    channel.end();
  });
}
