import { createServer, type Socket, type Server as TcpServer } from "node:net";
import ssh2 from "ssh2";
import { authenticate } from "./authentication.ts";
import { readLogin } from "./environment.ts";
import { identOf } from "./liveness.ts";
import type { Log } from "./logFile.ts";
import { PipePool } from "./pipePool.ts";
import type { ProcessGroups } from "./processGroups.ts";
import { serveSessions } from "./session.ts";

const maxConnections = 128;
// ssh2 drops a client that does not answer for 45 s, sshd does not: on loopback a dead client is always noticed, and
// one that is merely stopped (Ctrl-Z, a debugger) must not lose its training run. The longest timer is 24 days.
const never = 2 ** 31 - 1;

export interface ServerArgs {
  id: string;
  privateKey: string;
  authorizedKeys: string;
  root: string;
  groups: ProcessGroups;
  log: Log;
  /** How long a client may take to authenticate, in milliseconds. */
  loginGraceMs: number;
}

/** The SSH server of a node, not yet listening, and a way to cut all its connections. */
export interface NodeServer {
  tcp: TcpServer;
  disconnectAll(): void;
}

export function createNodeServer(args: ServerArgs): NodeServer {
  const login = readLogin();
  const ssh = new ssh2.Server({
    hostKeys: [args.privateKey],
    ident: identOf(args.id),
    keepaliveInterval: never,
  });
  const pipes = new PipePool();
  void pipes.fill();
  const sockets = new Set<Socket>();
  // Until a connection is authenticated it is known by its port only: ssh2 tells of it when its first line has come.
  const graceTimers = new Map<number, NodeJS.Timeout>();

  const tcp = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    if (sockets.size >= maxConnections) {
      args.log(`connection refused: ${maxConnections} are open`);
      socket.destroy();
      return;
    }
    const port = socket.remotePort ?? 0;
    sockets.add(socket);
    graceTimers.set(
      port,
      setTimeout(() => socket.destroy(), args.loginGraceMs),
    );
    socket.once("close", () => {
      sockets.delete(socket);
      clearTimeout(graceTimers.get(port));
      graceTimers.delete(port);
    });
    ssh.injectSocket(socket);
  });

  ssh.on("connection", (client, { port: clientPort, header }) => {
    const peer = `127.0.0.1:${clientPort}`;
    client.on("error", (error) => args.log(`${peer} ${error.message}`));
    authenticate(client, { user: login.user, authorizedKeys: args.authorizedKeys, peer, log: args.log });
    client.once("ready", () => {
      clearTimeout(graceTimers.get(clientPort));
      args.log(`${peer} connected`);
      client.once("close", () => args.log(`${peer} disconnected`));
    });
    serveSessions(client, {
      ...args,
      pipes,
      login,
      connection: { clientPort, port: portOf(tcp), client: header.versions.software },
    });
  });

  return {
    tcp,
    disconnectAll: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function portOf(tcp: TcpServer): number {
  const address = tcp.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
