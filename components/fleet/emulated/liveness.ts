import { connect } from "node:net";
import type { Marker } from "./marker.ts";
import { runsServer } from "./serverProcesses.ts";

/** `silent`: something accepts connections there and says nothing, so it may be our server, too busy or suspended. */
export type Liveness = "alive" | "dead" | "silent";

/** What the server calls itself in the first line it sends (RFC 4253, 4.2: no minus sign in the version). */
export const identOf = (id: string): string => `rocmark_${id}`;

/** Asks the port itself: a process id could belong to anybody by now, but nobody else sends this line. */
export function probe(port: number, id: string, timeoutMs: number): Promise<Liveness> {
  const wanted = `SSH-2.0-${identOf(id)}\r\n`;
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    let connected = false;
    let heard = "";
    const settle = (liveness: Liveness) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(liveness);
    };
    const timer = setTimeout(() => settle(connected && heard === "" ? "silent" : "dead"), timeoutMs);
    socket.once("connect", () => {
      connected = true;
    });
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
      if (heard.startsWith(wanted)) settle("alive");
      else if (!wanted.startsWith(heard)) settle("dead");
    });
    socket.once("error", () => settle("dead"));
    socket.once("close", () => settle("dead"));
  });
}

/** Whether the server that the marker names is there; `silent` counts only while its process is that server. */
export async function livenessOf(marker: Marker, timeoutMs: number): Promise<Liveness> {
  if (marker.port === null || marker.pid === null) return "dead";
  const found = await probe(marker.port, marker.id, timeoutMs);
  if (found !== "silent") return found;
  return (await runsServer(marker.pid, marker.directory)) ? "silent" : "dead";
}
