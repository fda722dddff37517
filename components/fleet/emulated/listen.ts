import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { portForbidden, portTaken } from "./errors.ts";
import { findPortHolder } from "./portHolder.ts";

// Below the ranges from which systems take ports for outgoing connections (Linux from 32768, macOS from 49152):
// a port from here is still free when the node comes back after a reboot.
const lowest = 20_000;
const highest = 32_767;

/** Listens on loopback, on the wanted port or, for 0, on a free one; gives the port, or says who has it. */
export async function listenOrExplain(
  server: Server,
  port: number,
  origin: "asked" | "recorded",
): Promise<number> {
  try {
    return await listen(server, port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES") throw portForbidden(port, error);
    if (code !== "EADDRINUSE") throw error;
    throw portTaken(port, await findPortHolder(port), origin);
  }
}

/** Fails as listening on it would. */
export async function refuseTakenPort(port: number): Promise<void> {
  const server = createServer();
  await listenOrExplain(server, port, "asked");
  await new Promise((resolve) => server.close(resolve));
}

async function listen(server: Server, wanted: number): Promise<number> {
  if (wanted !== 0) return listenPatiently(server, wanted);
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      return await tryListen(server, randomInt(lowest, highest + 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  return tryListen(server, 0);
}

/** A predecessor that was just killed, or a passing connection, may still have the port. */
async function listenPatiently(server: Server, port: number): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryListen(server, port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || attempt === 10) throw error;
      await sleep(100);
    }
  }
}

function tryListen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port, backlog: 128 }, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
