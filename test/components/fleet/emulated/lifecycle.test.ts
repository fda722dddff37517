import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeGeneration } from "../../../../components/fleet/emulated/generation.ts";
import { type Address, execute, isRunning, NodeLab, until } from "../../../lab/emulatedNode.ts";

let lab: NodeLab;

beforeEach(() => {
  lab = new NodeLab();
});

afterEach(async () => {
  expect(await lab.dispose()).toEqual([]);
});

const kill = async ({ pid }: Address, signal: NodeJS.Signals = "SIGKILL") => {
  process.kill(pid, signal);
  await until("the server has ended", () => !isRunning(pid));
};

/** Listens there as another program would; a server that was just killed may hold its port a moment longer. */
const occupy = async (port: number, greeting = "somebody else\r\n"): Promise<Server> => {
  const server = createServer((socket) => (greeting === "" ? undefined : socket.end(greeting)));
  await until("the port is free", () => {
    server.removeAllListeners("error");
    return new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
  });
  return server;
};

test("ensure starts a node, says where it is, and changes nothing when asked again", async () => {
  const first = await lab.ensure("a");
  expect(first).toMatchObject({
    name: "a",
    host: "127.0.0.1",
    root: join(lab.path("a"), "root"),
    generation: 1,
  });
  expect(first.hostKey).toMatch(/^ssh-ed25519 AAAA[A-Za-z0-9+/]+$/);
  expect(await lab.ensure("a")).toEqual(first);
  expect(await lab.status("a")).toMatchObject({
    state: "running",
    port: first.port,
    pid: first.pid,
    generation: 1,
  });
});

test("what is secret or decides who gets in is the user's alone", async () => {
  await lab.ensure("a");
  const modes = ["", "host_key", "authorized_keys", "node.json", "log", "root"].map((entry) =>
    (statSync(join(lab.path("a"), entry)).mode & 0o777).toString(8),
  );
  expect(modes).toEqual(["700", "600", "600", "600", "600", "700"]);
});

test("a killed node comes back with the same port, key and files, one generation on", async () => {
  const first = await lab.ensure("a");
  writeFileSync(join(first.root, "kept"), "yes");
  await kill(first);
  expect(await lab.status("a")).toMatchObject({ state: "stopped", pid: null });
  const second = await lab.ensure("a");
  expect(second).toEqual({ ...first, pid: second.pid, generation: 2 });
  expect(readFileSync(join(second.root, "kept"), "utf8")).toBe("yes");
});

test("nodeGeneration foretells what ensure answers: before, during and after each life", async () => {
  expect(await nodeGeneration(lab.path("a"))).toBe(1);
  const first = await lab.ensure("a");
  expect(await nodeGeneration(lab.path("a"))).toBe(1);
  await kill(first);
  expect(await nodeGeneration(lab.path("a"))).toBe(2);
  const second = await lab.ensure("a");
  expect([second.generation, await nodeGeneration(lab.path("a"))]).toEqual([2, 2]);
  await lab.stop("a");
  expect(await nodeGeneration(lab.path("a"))).toBe(1);
});

test("nodeGeneration is not fooled by another program on the port, or by one that only accepts", async () => {
  const first = await lab.ensure("a");
  await kill(first);
  const talkative = await occupy(first.port);
  expect(await nodeGeneration(lab.path("a"))).toBe(2);
  await new Promise((resolve) => talkative.close(resolve));
  const silent = await occupy(first.port, "");
  expect(await nodeGeneration(lab.path("a"))).toBe(2);
  silent.close();
});

test("eight commands at once start one server", async () => {
  const addresses = await Promise.all(Array.from({ length: 8 }, () => lab.ensure("a")));
  expect(new Set(addresses.map((address) => JSON.stringify(address))).size).toBe(1);
});

test("a port that was asked for and is taken is refused by name, with its holder", async () => {
  const server = await occupy(0);
  const { port } = server.address() as { port: number };
  const { exitCode, stdout, stderr } = await lab.ensureResult("a", ["--port", String(port)]);
  expect([exitCode, stdout]).toEqual([1, ""]);
  expect(stderr).toContain(`E_NODE_PORT: Port ${port} on 127.0.0.1 is taken by`);
  expect(stderr).toContain("ask for another --port");
  server.close();
});

test("a recorded port that is taken is not changed silently, and is used again once it is free", async () => {
  const first = await lab.ensure("a");
  await kill(first);
  const server = await occupy(first.port);
  const { exitCode, stderr } = await lab.ensureResult("a");
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`Port ${first.port} on 127.0.0.1 is taken by`);
  expect(stderr).toContain("not changed silently");
  await new Promise((resolve) => server.close(resolve));
  expect(await lab.ensure("a")).toMatchObject({ port: first.port, hostKey: first.hostKey, generation: 2 });
});

test("another port moves the node; one that is taken leaves it where it was", async () => {
  const first = await lab.ensure("a");
  const server = await occupy(0);
  const { port } = server.address() as { port: number };
  expect((await lab.ensureResult("a", ["--port", String(port)])).exitCode).toBe(1);
  expect(isRunning(first.pid)).toBe(true);
  await new Promise((resolve) => server.close(resolve));
  expect(await lab.ensure("a", ["--port", String(port)])).toMatchObject({
    port,
    hostKey: first.hostKey,
    generation: 2,
  });
  expect(isRunning(first.pid)).toBe(false);
});

test("the server outlives the terminal and the process group of the command that started it", async () => {
  const nodes = join(lab.directory, "nodes");
  const program = join(import.meta.dirname, "../../../../components/fleet/emulated/main.ts");
  const ensure = `'${process.execPath}' '${program}' ensure --name a --directory '${nodes}/a' --authorized-key-file '${lab.publicKeyFile}'`;
  const shell = spawn("sh", ["-c", `${ensure}; sleep 1000`], { detached: true });
  const line = await new Promise<string>((resolve) =>
    shell.stdout.once("data", (chunk) => resolve(String(chunk))),
  );
  process.kill(-(shell.pid ?? 0), "SIGKILL");
  process.kill((JSON.parse(line) as Address).pid, "SIGHUP");
  expect(await lab.ensure("a")).toEqual(JSON.parse(line));
});

test("stop removes all, and again has nothing to do", async () => {
  const address = await lab.ensure("a");
  expect((await lab.stop("a")).exitCode).toBe(0);
  expect([isRunning(address.pid), existsSync(lab.path("a"))]).toEqual([false, false]);
  expect((await lab.stop("a")).exitCode).toBe(0);
  const status = await lab.cli(["status", "--directory", lab.path("a")]);
  expect(JSON.parse(status.stdout)).toEqual({ state: "absent", directory: lab.path("a") });
  expect(readdirSync(join(lab.directory, "nodes"))).toEqual([]);
});

test("stop works on a suspended server, a dead one, and one whose node.json is damaged", async () => {
  const suspended = await lab.ensure("a");
  process.kill(suspended.pid, "SIGSTOP");
  const damaged = await lab.ensure("b");
  truncateSync(join(lab.path("b"), "node.json"), 20);
  const dead = await lab.ensure("c");
  await kill(dead);
  for (const name of ["a", "b", "c"]) expect((await lab.stop(name)).exitCode).toBe(0);
  expect([suspended, damaged, dead].map(({ pid }) => isRunning(pid))).toEqual([false, false, false]);
  expect(readdirSync(join(lab.directory, "nodes"))).toEqual([]);
}, 60_000);

test("stop removes trees without write permission, and follows no link out of the directory", async () => {
  const { root } = await lab.ensure("a");
  const outside = join(lab.directory, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "precious"), "");
  symlinkSync(outside, join(root, "link"));
  mkdirSync(join(root, "read-only", "deep"), { recursive: true });
  writeFileSync(join(root, "read-only", "deep", "file"), "");
  chmodSync(join(root, "read-only", "deep"), 0o500);
  chmodSync(join(root, "read-only"), 0o500);
  expect((await lab.stop("a")).exitCode).toBe(0);
  expect([existsSync(lab.path("a")), existsSync(join(outside, "precious"))]).toEqual([false, true]);
});

test("neither stop nor ensure touches a directory with somebody else's files", async () => {
  const foreign = join(lab.directory, "home");
  mkdirSync(foreign);
  writeFileSync(join(foreign, "thesis.tex"), "years");
  const stop = await lab.cli(["stop", "--directory", foreign]);
  const ensure = await lab.cli([
    "ensure",
    "--name",
    "a",
    "--directory",
    foreign,
    "--authorized-key-file",
    lab.publicKeyFile,
  ]);
  for (const { exitCode, stderr } of [stop, ensure]) {
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${foreign} is not the directory of an emulated node`);
    expect(stderr).toContain("thesis.tex");
  }
  expect(readdirSync(foreign)).toEqual(["thesis.tex"]);
});

test("a directory belongs to its node: another name, or a copy of it, is refused", async () => {
  const address = await lab.ensure("a");
  const renamed = await lab.cli([
    "ensure",
    "--name",
    "b",
    "--directory",
    lab.path("a"),
    "--authorized-key-file",
    lab.publicKeyFile,
  ]);
  expect(renamed.stderr).toContain('belongs to node "a", not to node "b"');
  expect((await lab.cli(["stop", "--directory", lab.path("a"), "--name", "b"])).exitCode).toBe(1);

  const copy = join(lab.directory, "copy");
  cpSync(lab.path("a"), copy, { recursive: true });
  const copied = await lab.cli(["stop", "--directory", copy]);
  expect(copied.exitCode).toBe(1);
  expect(copied.stderr).toContain(`belongs to the node in ${lab.path("a")}`);
  expect(isRunning(address.pid)).toBe(true);
  rmSync(copy, { recursive: true });
});

test("a node whose directory was moved is stopped, and started again, from where it is now", async () => {
  const address = await lab.ensure("a");
  await kill(address);
  renameSync(lab.path("a"), lab.path("b"));
  const moved = await lab.cli([
    "ensure",
    "--name",
    "a",
    "--directory",
    lab.path("b"),
    "--authorized-key-file",
    lab.publicKeyFile,
  ]);
  expect(JSON.parse(moved.stdout)).toMatchObject({
    port: address.port,
    hostKey: address.hostKey,
    root: join(lab.path("b"), "root"),
  });
  expect((await lab.stop("b")).exitCode).toBe(0);
});

test.each([
  ["an empty directory", []],
  ["a marker cut short by a power failure", ["node.json"]],
  ["only a host key, itself cut short", ["host_key"]],
  ["what a killed command left", ["node.json.partial-123", "authorized_keys"]],
])("ensure mends %s", async (_title, files) => {
  mkdirSync(lab.path("a"), { recursive: true });
  for (const file of files) writeFileSync(join(lab.path("a"), file), "{");
  const address = await lab.ensure("a");
  expect((await execute(await lab.connect(address), "echo up")).stdout.toString()).toBe("up\n");
});

test("ensure puts back what was deleted from the directory, and stop takes a half made one", async () => {
  const first = await lab.ensure("a");
  await kill(first);
  for (const entry of ["root", "groups", "authorized_keys"])
    rmSync(join(lab.path("a"), entry), { recursive: true });
  const second = await lab.ensure("a");
  expect((await execute(await lab.connect(second), "pwd")).stdout.toString()).toBe(`${second.root}\n`);
  mkdirSync(lab.path("b"));
  expect((await lab.stop("b")).exitCode).toBe(0);
  expect(existsSync(lab.path("b"))).toBe(false);
});

test("a lock whose holder is dead is taken over", async () => {
  mkdirSync(join(lab.directory, "nodes"));
  const { pid = 0 } = spawn("true");
  await until("that has ended", () => !isRunning(pid));
  writeFileSync(`${lab.path("a")}.lock`, `${pid} 0123456789abcdef\n`);
  expect((await lab.ensure("a")).generation).toBe(1);
});

test("a node ends with its lifetime, with what runs on it, and leaves its directory for the next ensure", async () => {
  const first = await lab.ensure("a", ["--lifetime-hours", "0.0008"]);
  const client = await lab.connect(first);
  const { stdout } = await execute(client, "nohup sleep 1000 >/dev/null 2>&1 & echo $!");
  await until("the lifetime is over", () => !isRunning(first.pid));
  expect(isRunning(Number(stdout))).toBe(false);
  expect(await lab.status("a")).toMatchObject({ state: "stopped", port: first.port });
  expect(await lab.ensure("a")).toMatchObject({ port: first.port, hostKey: first.hostKey, generation: 2 });
});

test("ensure gives a running node a new lifetime", async () => {
  const first = await lab.ensure("a", ["--lifetime-hours", "1"]);
  await lab.ensure("a", ["--lifetime-hours", "0.0001"]);
  await until("the new lifetime is over", () => !isRunning(first.pid));
});

test("a node whose directory is deleted ends by itself, with what runs on it", async () => {
  const address = await lab.ensure("a");
  const { stdout } = await execute(await lab.connect(address), "nohup sleep 1000 >/dev/null 2>&1 & echo $!");
  rmSync(lab.path("a"), { recursive: true });
  await until("the server has ended", () => !isRunning(address.pid));
  expect(isRunning(Number(stdout))).toBe(false);
});

test.each([
  [["ensure", "--name", "a"], "--directory is missing"],
  [
    ["ensure", "--directory", "x", "--authorized-key-file", "y", "--name", "../a"],
    "--name must be letters, digits",
  ],
  [
    ["ensure", "--name", "a", "--directory", "x", "--authorized-key-file", "y", "--port", "65536"],
    '--port must be a whole number from 0 to 65535, got "65536"',
  ],
  [
    ["ensure", "--name", "a", "--directory", "x", "--authorized-key-file", "y", "--lifetime-hours", "0"],
    '--lifetime-hours must be a number from 0.0001 to 576, got "0"',
  ],
  [["stop", "--directory", "x", "--force"], "Unknown option '--force'"],
  [["begin"], 'There is no command "begin"'],
])("%j is refused as wrong use", async (args, message) => {
  const { exitCode, stdout, stderr } = await lab.cli(args);
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(`E_USAGE: ${message}`);
});

test("a directory that this system will not give is refused by its path", async () => {
  const file = join(lab.directory, "file");
  writeFileSync(file, "");
  const more = ["--authorized-key-file", lab.publicKeyFile];
  for (const directory of [file, join(file, "below"), "/dev/null/a"]) {
    const { exitCode, stderr } = await lab.cli(["ensure", "--name", "a", "--directory", directory, ...more]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^E_NODE_FILES: E[A-Z]+: .*(file|null).*Check that the path is right/);
  }
});

test("stop and ensure at the same time end in one of both states, whole", async () => {
  await lab.ensure("a");
  await Promise.all([lab.stop("a"), lab.ensureResult("a"), lab.stop("a"), lab.ensureResult("a")]);
  const status = await lab.status("a");
  expect([status.state === "absent", existsSync(lab.path("a"))]).toEqual([
    status.state === "absent",
    status.state !== "absent",
  ]);
  expect(["absent", "running"]).toContain(status.state);
});

test.each([
  ["missing", undefined, "it cannot be read (ENOENT)"],
  ["empty", "# nobody\n", "it holds no key"],
  ["damaged", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me\n", "line 1 is not a public key"],
  [
    "RSA",
    () => `${ssh2.utils.generateKeyPairSync("rsa", { bits: 1024 }).public}\n`,
    "line 1 is an RSA key, wanted is Ed25519 or ECDSA",
  ],
])("a key file that is %s is refused before anything is made", async (_title, text, message) => {
  if (text === undefined) rmSync(lab.publicKeyFile);
  else writeFileSync(lab.publicKeyFile, typeof text === "string" ? text : text());
  const { exitCode, stderr } = await lab.ensureResult("a");
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`E_NODE_KEY: --authorized-key-file ${lab.publicKeyFile}: ${message}`);
  expect(existsSync(lab.path("a"))).toBe(false);
});
