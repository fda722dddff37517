import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer, type Socket } from "node:net";
import type { Certificates } from "./certificates.ts";
import type { FaultsOf } from "./faults.ts";
import { respond, toAddress } from "./respond.ts";

/** Where contents come from, and what is wrong with an address now. */
export interface Contents {
  read: (address: string) => Promise<Buffer | undefined>;
  faults: (address: string) => FaultsOf;
}

/** Serves by HTTP on port 80 and by HTTPS on port 443 of an address, told apart by the host that a request names. */
export async function serve(address: string, certificates: Certificates, contents: Contents): Promise<void> {
  // To reset a connection takes its own socket, which HTTPS hides behind TLS's.
  const sockets = new Map<string, Socket>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const wanted = toAddress(request);
    const { remotePort, localPort } = request.socket;
    const reset = () => void sockets.get(`${localPort} ${remotePort}`)?.resetAndDestroy();
    contents
      .read(wanted)
      .then((content) => respond(request, response, content, contents.faults(wanted), reset))
      .catch((error: Error) => {
        console.error(`${wanted}: ${error.stack}`);
        if (!response.headersSent) response.writeHead(500);
        response.end(`${error.message}\n`);
      });
  };
  const { certificate: cert, key } = certificates;
  const servers = { 80: createHttpServer(answer), 443: createHttpsServer({ cert, key }, answer) };
  for (const [port, server] of Object.entries(servers)) {
    const tcp = createTcpServer((socket) => {
      const name = `${port} ${socket.remotePort}`;
      sockets.set(name, socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(name));
      server.emit("connection", socket);
    });
    await new Promise<void>((resolve, reject) => {
      tcp.once("error", reject);
      tcp.listen(Number(port), address, resolve);
    });
  }
}
