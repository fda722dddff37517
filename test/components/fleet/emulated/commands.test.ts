import { existsSync, readdirSync } from "node:fs";
import type { Client } from "ssh2";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type Address,
  collect,
  execute,
  isRunning,
  NodeLab,
  open,
  until,
} from "../../../lab/emulatedNode.ts";

let lab: NodeLab;
let address: Address;
let client: Client;

beforeAll(async () => {
  lab = new NodeLab();
  address = await lab.ensure("a", [], {
    LANG: "C.UTF-8",
    SSL_CERT_FILE: "/certificates",
    UV_CACHE_DIR: "/cache",
    HTTPS_PROXY: "http://proxy.invalid",
    PULUMI_CONFIG_PASSPHRASE: "secret",
    AWS_SECRET_ACCESS_KEY: "secret",
    VIRTUAL_ENV: "/elsewhere",
    NODE_OPTIONS: "--no-warnings",
  });
});

afterAll(async () => {
  expect(await lab.dispose()).toEqual([]);
});

beforeEach(async () => {
  client = await lab.connect(address);
});

afterEach(() => client.end());

const textOf = async (command: string, options?: Parameters<typeof execute>[2]) =>
  (await execute(client, command, options)).stdout.toString();

const started = async (command: string): Promise<number> => Number((await textOf(command)).trim());

test.each([
  ["exit 0", 0, undefined],
  ["exit 7", 7, undefined],
  ["exit 255", 255, undefined],
  ["/no/such/program", 127, undefined],
  ["kill -9 $$", null, "SIGKILL"],
  ["kill -TERM $$", null, "SIGTERM"],
  ["kill -SEGV $$", null, "SIGSEGV"],
  ["false | true", 0, undefined],
])("%s ends with code %s and signal %s", async (command, code, signal) => {
  expect(await execute(client, command)).toMatchObject({ code, signal });
});

test("a signal that SSH has no name for is reported as a shell reports it", async () => {
  expect(await execute(client, "kill -XCPU $$")).toMatchObject({ code: 152 }); // 128 + 24
});

test("output and errors come apart, all of both, as bytes", async () => {
  const { stdout, stderr } = await execute(client, "printf '\\000\\377out'; printf 'err\\n' >&2");
  expect([stdout, stderr.toString()]).toEqual([Buffer.from([0, 255, 111, 117, 116]), "err\n"]);
});

test("input arrives unchanged, and its end is seen", async () => {
  const input = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
  const { stdout } = await execute(client, "cat", { input });
  expect(stdout.equals(input)).toBe(true);
});

test("a command that does not read its input does not hold up a client that sends much", async () => {
  const input = Buffer.alloc(8 << 20);
  expect(await execute(client, "exit 3", { input })).toMatchObject({ code: 3 });
  expect(await execute(client, "exec 0<&-; sleep 0.2; echo done", { input })).toMatchObject({ code: 0 });
});

test("streams can be opened by their names", async () => {
  const { stdout, stderr } = await execute(client, "cat /dev/stdin | tee /dev/stderr > /dev/stdout", {
    input: "x",
  });
  expect([stdout.toString(), stderr.toString()]).toEqual(["x", "x"]);
  expect(await execute(client, "cat /dev/stdin")).toMatchObject({ code: 0 });
});

test("output and errors beyond the client's window come whole, in both streams at once", async () => {
  const script =
    "for i in $(seq 120); do head -c 65536 /dev/zero; head -c 65536 /dev/zero | tr '\\000' e >&2; done";
  const { stdout, stderr } = await execute(client, script);
  expect([stdout.length, stderr.length]).toEqual([120 * 65_536, 120 * 65_536]);
  expect([stdout.every((byte) => byte === 0), stderr.every((byte) => byte === 101)]).toEqual([true, true]);
});

test("a command finds a login's environment and nothing else of this machine", async () => {
  const lines = (await textOf("env")).trim().split("\n");
  const environment = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  expect(environment).toMatchObject({
    HOME: address.root,
    PWD: address.root,
    USER: address.user,
    LOGNAME: address.user,
    LANG: "C.UTF-8",
    SSL_CERT_FILE: "/certificates",
    UV_CACHE_DIR: "/cache",
    HTTPS_PROXY: "http://proxy.invalid",
    ROCMARK_NODE: expect.stringMatching(/^[0-9a-f]{16}$/),
    SSH_CONNECTION: expect.stringMatching(
      new RegExp(`^127\\.0\\.0\\.1 \\d+ 127\\.0\\.0\\.1 ${address.port}$`),
    ),
  });
  const absent = [
    "PULUMI_CONFIG_PASSPHRASE",
    "AWS_SECRET_ACCESS_KEY",
    "VIRTUAL_ENV",
    "NODE_OPTIONS",
    "NODE_CHANNEL_FD",
  ];
  expect(absent.filter((name) => name in environment)).toEqual([]);
});

test("a client sets the variables that sshd would take, and none that decide how commands run", async () => {
  const env = { LC_ALL: "C", ROCMARK_RUN: "r1", PATH: "/evil", LD_PRELOAD: "/evil", ROCMARK_NODE: "0" };
  const lines = (await textOf("env", { env })).split("\n");
  expect(lines).toEqual(expect.arrayContaining(["LC_ALL=C", "ROCMARK_RUN=r1"]));
  expect(lines.filter((line) => line.includes("/evil") || line === "ROCMARK_NODE=0")).toEqual([]);
});

test("a shell without a command runs what it is sent", async () => {
  const channel = await new Promise<Awaited<ReturnType<typeof open>>>((resolve, reject) => {
    client.shell(false, (error, opened) => (error === undefined ? resolve(opened) : reject(error)));
  });
  const result = collect(channel);
  channel.end("cd /\npwd\nexit 5\n");
  expect(await result).toMatchObject({ code: 5, stdout: Buffer.from("/\n") });
});

test("a signal reaches the whole group, children included", async () => {
  const channel = await open(client, "sleep 1000 & echo $!; wait");
  const result = collect(channel);
  const child = Number(await new Promise((resolve) => channel.once("data", resolve)));
  channel.signal("TERM");
  expect(await result).toMatchObject({ code: null, signal: "SIGTERM" });
  await until("the child has ended", () => !isRunning(child));
});

test("a command may handle a signal", async () => {
  const channel = await open(
    client,
    "trap 'echo saved; exit 9' INT; echo ready; while :; do sleep 0.05; done",
  );
  const result = collect(channel);
  await new Promise((resolve) => channel.once("data", resolve));
  channel.signal("INT");
  const { code, stdout } = await result;
  expect([code, stdout.toString()]).toEqual([9, "ready\nsaved\n"]);
});

test.each([
  ["its channel is closed", (_client: Client, channel: { close(): void }) => channel.close()],
  ["its connection breaks", (client: Client) => void client.destroy()],
])("a command and its children end when %s", async (_title, leave) => {
  const other = await lab.connect(address);
  const channel = await open(other, "sleep 1000 & echo $! $$; wait");
  const pids = String(await new Promise((resolve) => channel.once("data", resolve)))
    .split(" ")
    .map(Number);
  leave(other, channel);
  await until("both have ended", () => !pids.some(isRunning));
  other.end();
});

test("what a command leaves in the background lives on, as on a real host", async () => {
  const pid = await started("nohup sleep 1000 >/dev/null 2>&1 & echo $!");
  client.end();
  client = await lab.connect(address);
  expect(await textOf(`kill -0 ${pid} && echo there`)).toBe("there\n");
  await execute(client, `kill ${pid}`);
});

test("the exit of a command is reported while something in the background still holds its output", async () => {
  const channel = await open(client, "sleep 1000 & echo $!; exit 4");
  const closed = collect(channel);
  let pid = 0;
  channel.once("data", (chunk: Buffer) => {
    pid = Number(chunk);
  });
  const code = await new Promise((resolve) => channel.once("exit", resolve));
  await until("it has said its id", () => pid > 0);
  expect([code, isRunning(pid)]).toEqual([4, true]);
  process.kill(pid);
  expect((await closed).code).toBe(4);
});

test("an eleventh session on one connection is refused, as by sshd", async () => {
  const channels = await Promise.all(Array.from({ length: 10 }, () => open(client, "cat")));
  await expect(open(client, "true")).rejects.toThrow("Channel open failure");
  for (const channel of channels) channel.end();
  await Promise.all(channels.map(collect));
  expect((await execute(client, "true")).code).toBe(0);
});

test("200 commands over 20 connections each get their own answer, and leave no descriptor open", async () => {
  const descriptors = () =>
    existsSync(`/proc/${address.pid}/fd`) ? readdirSync(`/proc/${address.pid}/fd`).length : 0;
  const before = descriptors();
  const clients = await Promise.all(Array.from({ length: 20 }, () => lab.connect(address)));
  const answers = await Promise.all(
    clients.flatMap((each, index) =>
      Array.from({ length: 10 }, (_, inner) =>
        execute(each, `cat; echo ${index}-${inner} >&2; exit ${inner}`, { input: `${index}.${inner}` }),
      ),
    ),
  );
  const expected = answers.map((_, at) => [
    `${Math.floor(at / 10)}.${at % 10}`,
    `${Math.floor(at / 10)}-${at % 10}\n`,
    at % 10,
  ]);
  expect(answers.map(({ stdout, stderr, code }) => [stdout.toString(), stderr.toString(), code])).toEqual(
    expected,
  );
  for (const each of clients) each.end();
  // A pool of pipes is kept ready: up to 12 descriptors more than at rest.
  await until("its descriptors are closed", () => descriptors() <= before + 12);
}, 60_000);

test("a command too long for one packet ends the connection and not the node", async () => {
  const other = await lab.connect(address);
  other.on("error", () => {});
  await expect(open(other, `echo ${"a".repeat(200_000)}`)).rejects.toThrow();
  expect(await textOf("echo up")).toBe("up\n");
});

test("stop ends all that was started: in the background, in another session, without its environment, ignoring signals", async () => {
  const other = await lab.connect(await lab.ensure("b"));
  const inAnotherSession = `const c = require("child_process").spawn("sleep", ["1000"], { detached: true, stdio: "ignore" }); console.log(c.pid)`;
  const commands = [
    "nohup sleep 1000 >/dev/null 2>&1 & echo $!",
    "env -i sleep 1000 & echo $!; wait",
    "trap '' TERM HUP INT; echo $$; while :; do sleep 0.2; done",
    `'${process.execPath}' -e '${inAnotherSession}'`,
    "sleep 1000 & kill -STOP $!; echo $!; wait",
  ];
  const pids: number[] = [];
  for (const command of commands) {
    const channel = await open(other, command);
    pids.push(Number(await new Promise((resolve) => channel.once("data", resolve))));
  }
  expect(pids.filter(isRunning)).toEqual(pids);
  expect((await lab.stop("b")).exitCode).toBe(0);
  expect(pids.filter(isRunning)).toEqual([]);
});

test("stop finds them also when the server was killed", async () => {
  const node = await lab.ensure("b");
  const other = await lab.connect(node);
  other.on("error", () => {});
  const background = async (command: string) =>
    Number((await execute(other, `${command} >/dev/null 2>&1 & echo $!`)).stdout);
  const pids = [await background("nohup sleep 1000"), await background("env -i sleep 1000")];
  const foreground = await open(other, "echo $$; exec sleep 1000");
  const leader = Number(await new Promise((resolve) => foreground.once("data", resolve)));
  process.kill(node.pid, "SIGKILL");
  await until("the server has ended", () => !isRunning(node.pid));
  expect([...pids, leader].filter(isRunning)).toEqual([...pids, leader]);
  expect((await lab.stop("b")).exitCode).toBe(0);
  expect([...pids, leader].filter(isRunning)).toEqual([]);
});
