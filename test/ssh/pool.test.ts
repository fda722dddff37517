import type { Socket } from "node:net";
import type { ServerChannel } from "ssh2";
import { afterEach, expect, test } from "vitest";
import { toFingerprint } from "../../ssh/hostKeys.ts";
import { makeKeyPair } from "../../ssh/keyPair.ts";
import { SshPool } from "../../ssh/pool.ts";
import { exitAtEnd, type FakeSsh, type FakeSshOptions, startFakeSsh } from "../lab/fakeSsh.ts";
import { freePort } from "../lab/openssh.ts";

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

async function fake(options: FakeSshOptions = {}): Promise<FakeSsh> {
  const server = await startFakeSsh(options);
  running.push(server);
  return server;
}

function newPool(): SshPool {
  const pool = new SshPool();
  running.push({ stop: () => pool.close() });
  return pool;
}

/** Announces itself as the remote program does, then does as it is told. */
const announced =
  (act: (channel: ServerChannel) => void) =>
  (channel: ServerChannel, request: string): void => {
    channel.stderr.write(`${/rocmark-[0-9a-f]+/.exec(request)?.[0]} 4194300\n`);
    act(channel);
  };

test("everyone who asks for a node gets the same connection", async () => {
  const server = await fake();
  const pool = newPool();
  const connections = await Promise.all(Array.from({ length: 20 }, () => pool.connect(server.settings)));
  expect(new Set(connections).size).toBe(1);
  expect(server.connections).toBe(1);
});

test("other credentials, another user or another host key policy is another connection", async () => {
  const server = await fake();
  const pool = newPool();
  await pool.connect(server.settings);
  await pool.connect({ ...server.settings, user: "other" });
  await pool.connect({ ...server.settings, credentials: { privateKey: makeKeyPair().privateKey } });
  expect(server.connections).toBe(3);
});

test("a refused connection is tried again as often as told, and says so", async () => {
  const settings = { ...(await fake()).settings, port: await freePort(), dialErrorLimit: 2 };
  await expect(newPool().connect(settings)).rejects.toMatchObject({
    code: "E_SSH_REFUSED",
    message: expect.stringContaining("3 attempts"),
  });
});

test("connections that are reset before the handshake are dialled again", async () => {
  const server = await fake({
    onSocket: (socket, count) => {
      if (count > 2) return false;
      socket.resetAndDestroy();
      return true;
    },
  });
  const connection = await newPool().connect(server.settings);
  expect(server.connections).toBe(3);
  expect((await connection.exec("x")).exitCode).toBe(0);
});

test("a wrong host key is not tried again", async () => {
  const server = await fake();
  const pinned = makeKeyPair().publicKey;
  const blob = (line: string) => line.split(" ")[1] ?? "";
  const settings = { ...server.settings, hostKey: { kind: "pinned", key: pinned } as const };
  await expect(newPool().connect(settings)).rejects.toMatchObject({
    code: "E_SSH_HOST_KEY",
    message: expect.stringMatching(
      new RegExp(
        `expected ${literal(toFingerprint(blob(pinned)))}, found ${literal(toFingerprint(blob(server.hostKey.publicKey)))}`,
      ),
    ),
  });
  expect(server.connections).toBe(1);
});

test("refused credentials are not tried again, and the error holds none", async () => {
  const server = await fake({ refuseAuthentication: true });
  const error = await newPool()
    .connect(server.settings)
    .catch((caught) => caught);
  expect(error).toMatchObject({ code: "E_SSH_AUTH", message: expect.stringContaining('user "tester"') });
  expect(error.message).not.toContain("PRIVATE KEY");
  expect(server.connections).toBe(1);
});

test("no credentials at all is said before anything is dialled", async () => {
  const server = await fake();
  await expect(newPool().connect({ ...server.settings, credentials: {} })).rejects.toMatchObject({
    code: "E_SSH_SETTINGS",
  });
  expect(server.connections).toBe(0);
});

test("a private key that cannot be read is named, not shown", async () => {
  const settings = { ...(await fake()).settings, credentials: { privateKey: "-----BEGIN SECRET-----" } };
  const error = await newPool()
    .connect(settings)
    .catch((caught) => caught);
  expect(error.message).toContain('SSH setting "privateKey"');
  expect(error.message).not.toContain("BEGIN SECRET");
});

test("a peer that accepts and says nothing fails at the dial's time limit", async () => {
  const server = await fake({ onSocket: () => true });
  await expect(newPool().connect({ ...server.settings, dialTimeoutSeconds: 0.2 })).rejects.toMatchObject({
    code: "E_SSH_TIMEOUT",
  });
  expect(server.connections).toBe(1);
});

test("a peer that falls silent later is found out by keepalive", async () => {
  let socketOf: Socket | undefined;
  const server = await fake({
    onSocket: (socket) => {
      socketOf = socket;
      return false;
    },
    onExec: announced(() => {}),
  });
  const connection = await newPool().connect({ ...server.settings, keepaliveSeconds: 0.05 });
  const running = connection.exec("x");
  running.catch(() => {});
  await new Promise((done) => setTimeout(done, 100));
  socketOf?.removeAllListeners("data");
  socketOf?.pause();
  await expect(running).rejects.toMatchObject({ code: "E_SSH_LOST" });
});

test("a lost connection is dialled anew by the next who asks", async () => {
  const server = await fake();
  const pool = newPool();
  const first = await pool.connect(server.settings);
  await first.close();
  const second = await pool.connect(server.settings);
  expect(second).not.toBe(first);
  expect(server.connections).toBe(2);
  await expect(first.exec("x")).rejects.toMatchObject({ code: "E_SSH_LOST" });
});

test("a connection cut in the middle of a command is an error, not a result", async () => {
  const server = await fake({
    onExec: (channel, request, connection) => announced(() => connection.end())(channel, request),
  });
  const connection = await newPool().connect(server.settings);
  await expect(connection.exec("x")).rejects.toMatchObject({ code: "E_SSH_LOST" });
});

test("at most 8 commands run at once on a connection", async () => {
  const server = await fake({
    onExec: (channel) => setTimeout(() => exitAtEnd(channel), 20),
  });
  const connection = await newPool().connect(server.settings);
  const results = await Promise.all(Array.from({ length: 30 }, () => connection.exec("x")));
  expect(results.every(({ exitCode }) => exitCode === 0)).toBe(true);
  expect(server.mostChannels).toBe(8);
});

test("a server that allows fewer channels gets fewer, and every command still runs", async () => {
  const server = await fake({ channelLimit: 3 });
  const connection = await newPool().connect(server.settings);
  const results = await Promise.all(Array.from({ length: 20 }, () => connection.exec("x")));
  expect(results).toHaveLength(20);
  expect(server.mostChannels).toBeLessThanOrEqual(3);
});

test("a server that allows no channel at all says so", async () => {
  const server = await fake({ channelLimit: 0 });
  const connection = await newPool().connect(server.settings);
  await expect(connection.exec("x")).rejects.toMatchObject({
    code: "E_SSH_CHANNEL",
    message: expect.stringContaining("MaxSessions"),
  });
});

test("at most 5 handshakes with a host are under way at once", async () => {
  const server = await fake({ handshakeDelay: 30 });
  const pool = newPool();
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => pool.connect({ ...server.settings, user: `u${n}` })),
  );
  expect(server.mostHandshakes).toBe(5);
});

test("who cancels while dialling leaves at once; others still get the connection", async () => {
  const server = await fake({ handshakeDelay: 100 });
  const pool = newPool();
  const controller = new AbortController();
  const leaving = pool.connect(server.settings, { signal: controller.signal });
  const staying = pool.connect(server.settings);
  controller.abort();
  await expect(leaving).rejects.toMatchObject({ code: "E_SSH_CANCELLED" });
  expect((await (await staying).exec("x")).exitCode).toBe(0);
});

test("a dial that nobody waits for any more ends, and the next one starts anew", async () => {
  const server = await fake({ onSocket: (_socket, count) => count === 1 });
  const pool = newPool();
  const controller = new AbortController();
  const leaving = pool.connect(server.settings, { signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  await expect(leaving).rejects.toMatchObject({ code: "E_SSH_CANCELLED" });
  expect((await pool.connect(server.settings)).alive).toBe(true);
});

test("a closed pool refuses new connections and ends those that stand", async () => {
  const server = await fake({ onExec: announced(() => {}) });
  const pool = newPool();
  const connection = await pool.connect(server.settings);
  const running = connection.exec("x");
  running.catch(() => {});
  await pool.close();
  await expect(running).rejects.toMatchObject({ code: "E_SSH_LOST" });
  await expect(pool.connect(server.settings)).rejects.toMatchObject({ code: "E_SSH_CANCELLED" });
});

test("an upload that is cut says that the old file is untouched", async () => {
  const server = await fake({
    onExec: (channel, request, connection) =>
      announced(() => channel.once("data", () => connection.end()))(channel, request),
  });
  const connection = await newPool().connect(server.settings);
  await expect(connection.upload(Buffer.alloc(1e6), "/tmp/x")).rejects.toMatchObject({
    code: "E_UPLOAD",
    message: expect.stringContaining("What was there before is untouched"),
  });
});

test("an environment name that no shell can export is refused before anything runs", async () => {
  const server = await fake({ onExec: exitAtEnd });
  const connection = await newPool().connect(server.settings);
  await expect(connection.exec("x", { environment: { "A B": "1" } })).rejects.toMatchObject({
    code: "E_SSH_SETTINGS",
  });
  expect(server.mostChannels).toBe(0);
});

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
