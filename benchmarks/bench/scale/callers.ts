import { createServer } from "node:net";

/** Counts who connects to a port on loopback; everybody is hung up on. */
export async function countCallers(): Promise<{ port: number; count(): number; stop(): void }> {
  let callers = 0;
  const server = createServer((socket) => {
    callers += 1;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address() as { port: number };
  return { port, count: () => callers, stop: () => void server.close() };
}
