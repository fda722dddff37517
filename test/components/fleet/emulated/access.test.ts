import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import ssh2, { type ConnectConfig } from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeKeyPair } from "../../../../ssh/keyPair.ts";
import { type Address, execute, isRunning, NodeLab, until } from "../../../lab/emulatedNode.ts";

let lab: NodeLab;
let address: Address;

beforeAll(async () => {
  lab = new NodeLab();
  address = await lab.ensure("a", ["--login-grace-seconds", "2"]);
});

afterAll(async () => {
  expect(await lab.dispose()).toEqual([]);
});

const otherKey = makeKeyPair().privateKey;

const works = async (more?: ConnectConfig) => {
  const client = await lab.connect(address, more);
  const { stdout } = await execute(client, "echo up");
  client.end();
  return stdout.toString() === "up\n";
};

/** Everything the node sends until it closes the connection. */
const converse = (send: (socket: Socket) => void): Promise<string> =>
  new Promise((resolve, reject) => {
    let heard = "";
    const socket = connect(address.port, address.host, () => send(socket));
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(heard));
  });

const refusals: [string, ConnectConfig][] = [
  ["another key", { privateKey: otherKey }],
  ["the right key for another user", { username: "somebody" }],
  ["a password", { privateKey: "", password: "secret" }],
  ["keyboard-interactive", { privateKey: "", tryKeyboard: true, password: "secret" }],
  ["nothing", { privateKey: "" }],
];

test.each(refusals)("%s is refused", async (_title, more) => {
  await expect(lab.connect(address, more)).rejects.toThrow("All configured authentication methods failed");
});

test("the right key with a signature by another one is refused", async () => {
  const [right, wrong] = [ssh2.utils.parseKey(lab.privateKey), ssh2.utils.parseKey(otherKey)];
  if (right instanceof Error || wrong instanceof Error) throw new Error("no keys");
  class Forger extends ssh2.BaseAgent {
    getIdentities(callback: (error: undefined, keys: ssh2.ParsedKey[]) => void) {
      callback(undefined, [right as ssh2.ParsedKey]);
    }
    sign(_key: unknown, bytes: Buffer, ...rest: unknown[]) {
      const callback = rest.at(-1) as (error: undefined, signature: Buffer) => void;
      callback(undefined, (wrong as ssh2.ParsedKey).sign(bytes));
    }
  }
  const agent = new Forger() as unknown as ssh2.BaseAgent;
  await expect(lab.connect(address, { privateKey: "", agent })).rejects.toThrow(
    "authentication methods failed",
  );
});

test("a changed key file counts at once, for the running server too; ECDSA keys and several a file do", async () => {
  const key = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  const file = join(lab.directory, "ecdsa.pub");
  writeFileSync(file, `# two keys\n${key.public} me\n${makeKeyPair().publicKey.trim()}\n`);
  const ensure = ["ensure", "--name", "a", "--directory", lab.path("a"), "--authorized-key-file", file];
  expect(JSON.parse((await lab.cli(ensure)).stdout)).toEqual(address);
  expect(await works({ privateKey: key.private })).toBe(true);
  await expect(works()).rejects.toThrow("authentication methods failed");
  await lab.ensure("a");
  expect(await works()).toBe(true);
});

test("who fails six times is cut off", async () => {
  let tried = 0;
  const client = new ssh2.Client();
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  client.on("error", () => {});
  client.connect({
    host: address.host,
    port: address.port,
    username: address.user,
    authHandler: (_left, _partial, next) => {
      tried += 1;
      next({ type: "password", username: address.user, password: `guess ${tried}` });
    },
  });
  await closed;
  expect(tried).toBe(6);
});

test("who connects and stays silent, or never logs in, is cut off", async () => {
  const greeting = /^SSH-2\.0-rocmark_[0-9a-f]{16}\r\n/;
  expect(await converse(() => {})).toMatch(greeting);
  expect(await converse((socket) => socket.write("SSH-2.0-silent\r\n"))).toMatch(greeting);
});

test.each([
  ["random bytes", Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 89 + 7) % 256))],
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["a packet of impossible length", Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), Buffer.alloc(64, 255)])],
  ["an endless first line", Buffer.alloc(1 << 20, 65)],
])("%s cost the client its connection and the node nothing", async (_title, bytes) => {
  await converse((socket) => socket.write(bytes)).catch(() => {});
  expect([isRunning(address.pid), await works()]).toEqual([true, true]);
});

test("connections beyond the limit are refused, and there is room again when some have ended", async () => {
  const sockets = await Promise.all(
    Array.from({ length: 140 }, () => {
      const socket = connect(address.port, address.host);
      socket.on("error", () => {});
      return new Promise<Socket>((resolve) => socket.once("connect", () => resolve(socket)));
    }),
  );
  await until("some are refused", () => sockets.some((socket) => socket.closed));
  for (const socket of sockets) socket.destroy();
  await until("there is room", () => works().catch(() => false));
});

test("forwarding and terminals are refused", async () => {
  const client = await lab.connect(address);
  const forward = new Promise((resolve) => client.forwardOut("127.0.0.1", 0, "127.0.0.1", 22, resolve));
  expect(String(await forward)).toContain("Channel open failure");
  const terminal = new Promise((resolve) => client.exec("true", { pty: true }, resolve));
  expect(String(await terminal)).toContain("Unable to request a pseudo-terminal");
  const subsystem = new Promise((resolve) => client.subsys("netconf", resolve));
  expect(String(await subsystem)).toContain("Unable to start subsystem");
  client.end();
});

test("the log names no command, no key and no more of a client than its port", async () => {
  const { readFileSync } = await import("node:fs");
  const client = await lab.connect(address);
  await execute(client, "echo hush-hush; echo hush-hush >&2", { input: "hush-hush" });
  client.end();
  const log = readFileSync(join(lab.path("a"), "log"), "utf8");
  expect(log).toContain("connected");
  expect(log).not.toMatch(/hush|guess|PRIVATE|AAAA/);
});
