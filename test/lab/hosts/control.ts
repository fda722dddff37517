import { createConnection, createServer, type Server, type Socket } from "node:net";

/** One request on one connection: a JSON line there, a JSON line back. */
type Answer = { value: unknown } | { error: string };

export type Methods = Readonly<Record<string, (...words: never[]) => unknown>>;

/** Serves methods by name at a socket file; what they throw goes back as text. */
export function serveControl(path: string, methods: Methods): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    readLine(socket)
      .then(async (line) => {
        const { method, words } = JSON.parse(line) as { method: string; words: never[] };
        const called = methods[method];
        if (called === undefined) throw new Error(`A lab knows no "${method}".`);
        return { value: (await called(...words)) ?? null };
      })
      .catch((error: Error) => ({ error: error.message }))
      .then((answer: Answer) => socket.end(`${JSON.stringify(answer)}\n`));
    socket.on("error", () => undefined);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve(server));
  });
}

/** Calls a method of the lab that serves this socket file. */
export async function callControl(path: string, method: string, words: readonly unknown[]): Promise<unknown> {
  const socket = createConnection(path);
  socket.write(`${JSON.stringify({ method, words })}\n`);
  const answer = JSON.parse(await readLine(socket)) as Answer;
  if ("error" in answer) throw new Error(answer.error);
  return answer.value;
}

function readLine(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8");
  return new Promise((resolve, reject) => {
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.endsWith("\n")) resolve(text);
    });
    socket.once("error", reject);
    socket.once("end", () => reject(new Error("The lab ended while it was asked.")));
  });
}
