import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ClientChannel, SFTPWrapper } from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Address, isRunning, NodeLab } from "../../../lab/emulatedNode.ts";

let lab: NodeLab;
let address: Address;
let sftp: SFTPWrapper;

beforeAll(async () => {
  lab = new NodeLab();
  address = await lab.ensure("a");
  const client = await lab.connect(address);
  sftp = await new Promise((resolve, reject) =>
    client.sftp((error, wrapper) => (error === undefined ? resolve(wrapper) : reject(error))),
  );
});

afterAll(async () => {
  expect(await lab.dispose()).toEqual([]);
});

const onNode = (...parts: string[]) => join(address.root, ...parts);

/** Calls a method of the client as a promise. */
const call = <T>(
  start: (callback: (error: Error | null | undefined, result?: T) => void) => void,
): Promise<T> =>
  new Promise((resolve, reject) => start((error, result) => (error ? reject(error) : resolve(result as T))));

test("a file goes there with its mode and comes back unchanged", async () => {
  const content = Buffer.from(Array.from({ length: 3_000_001 }, (_, index) => (index * 31) % 256));
  writeFileSync(join(lab.directory, "local"), content);
  await call((done) => sftp.fastPut(join(lab.directory, "local"), "remote", { mode: 0o640 }, done));
  expect(readFileSync(onNode("remote")).equals(content)).toBe(true);
  expect(statSync(onNode("remote")).mode & 0o777).toBe(0o640);
  expect((await call<Buffer>((done) => sftp.readFile("remote", done))).equals(content)).toBe(true);
});

test("relative paths begin at home, absolute ones at the machine's root", async () => {
  expect(await call((done) => sftp.realpath(".", done))).toBe(address.root);
  expect(await call((done) => sftp.realpath("a/../b", done))).toBe(onNode("b"));
  expect(await call((done) => sftp.realpath("/etc/..", done))).toBe("/");
});

test("directories are made, listed and removed", async () => {
  await call((done) => sftp.mkdir("d", { mode: 0o700 }, done));
  for (let index = 0; index < 250; index++) writeFileSync(onNode("d", `f${index}`), "x");
  symlinkSync("f0", onNode("d", "link"));
  const list = await call<{ filename: string; longname: string; attrs: { isSymbolicLink(): boolean } }[]>(
    (done) => sftp.readdir("d", done),
  );
  expect(list).toHaveLength(251);
  expect(list.find(({ filename }) => filename === "link")).toMatchObject({
    longname: expect.stringMatching(/^lrwxrwxrwx /),
  });
  await expect(call((done) => sftp.rmdir("d", done))).rejects.toThrow("ENOTEMPTY");
  for (const { filename } of list) await call((done) => sftp.unlink(`d/${filename}`, done));
  await call((done) => sftp.rmdir("d", done));
  expect(existsSync(onNode("d"))).toBe(false);
});

test("rename replaces nothing, posix-rename does, and fsync is there: what an atomic upload takes", async () => {
  writeFileSync(onNode("new"), "new");
  writeFileSync(onNode("old"), "old");
  await expect(call((done) => sftp.rename("new", "old", done))).rejects.toThrow("the target exists");
  const handle = await call<Buffer>((done) => sftp.open("new", "r+", done));
  await call((done) => sftp.ext_openssh_fsync(handle, done));
  await call((done) => sftp.close(handle, done));
  await call((done) => sftp.ext_openssh_rename("new", "old", done));
  expect([readFileSync(onNode("old"), "utf8"), existsSync(onNode("new"))]).toEqual(["new", false]);
});

test("attributes are read and set, by path and by handle", async () => {
  writeFileSync(onNode("file"), "123456");
  await call((done) => sftp.setstat("file", { mode: 0o600, atime: 1_000, mtime: 2_000 }, done));
  const stats = await call<{ size: number; mode: number; mtime: number }>((done) => sftp.stat("file", done));
  expect([stats.size, stats.mode & 0o777, stats.mtime]).toEqual([6, 0o600, 2_000]);
  const handle = await call<Buffer>((done) => sftp.open("file", "r+", done));
  await call((done) => sftp.fsetstat(handle, { size: 3 }, done));
  expect((await call<{ size: number }>((done) => sftp.fstat(handle, done))).size).toBe(3);
  await call((done) => sftp.close(handle, done));
  await call((done) => sftp.symlink("file", onNode("to-file"), done));
  expect(await call((done) => sftp.readlink("to-file", done))).toBe("file");
});

test("appending writes at the end, exclusive creation refuses a file that is there", async () => {
  writeFileSync(onNode("log"), "one\n");
  await call((done) => sftp.appendFile("log", "two\n", done));
  expect(readFileSync(onNode("log"), "utf8")).toBe("one\ntwo\n");
  await expect(call((done) => sftp.open("log", "wx", done))).rejects.toThrow("EEXIST");
});

test.each([
  ["a missing file", (done: (error?: Error | null) => void) => sftp.stat("missing", done), 2],
  ["a path through a file", (done: (error?: Error | null) => void) => sftp.stat("/etc/passwd/x", done), 2],
  ["a closed handle", (done: (error?: Error | null) => void) => sftp.close(Buffer.from("77"), done), 4],
  [
    "an extension we do not have",
    (done: (error?: Error | null) => void) => sftp.ext_openssh_statvfs("/", done),
    undefined,
  ],
])("%s is an error that the client understands", async (_title, start, code) => {
  await expect(call((done) => start(done))).rejects.toMatchObject(code === undefined ? {} : { code });
});

test("bytes that are no SFTP end the session and not the node", async () => {
  const client = await lab.connect(address);
  for (const bytes of [Buffer.alloc(64, 255), Buffer.from([0, 0, 0, 1, 5]), Buffer.from([0, 0, 0, 0])]) {
    const channel = await call<ClientChannel>((done) => client.subsys("sftp", done));
    const closed = new Promise((resolve) => channel.once("close", resolve));
    channel.resume();
    channel.write(bytes);
    await closed;
  }
  client.end();
  expect(isRunning(address.pid)).toBe(true);
});

const hasOpenSsh = ["ssh", "scp", "sftp"].every((program) => spawnSync(program, ["-V"]).error === undefined);

describe.runIf(hasOpenSsh)("with OpenSSH's programs", () => {
  const run = promisify(execFile);
  const options = () => {
    const knownHosts = join(lab.directory, "known_hosts");
    writeFileSync(knownHosts, `[${address.host}]:${address.port} ${address.hostKey}\n`);
    const settings = [
      "StrictHostKeyChecking=yes",
      `UserKnownHostsFile=${knownHosts}`,
      "IdentitiesOnly=yes",
      "BatchMode=yes",
      "LogLevel=ERROR",
    ];
    return ["-F", "none", "-i", lab.privateKeyFile, ...settings.flatMap((each) => ["-o", each])];
  };
  const target = () => `${address.user}@${address.host}`;
  const port = () => String(address.port);

  test("ssh runs commands with their input and exit code", async () => {
    const child = run("ssh", [...options(), "-p", port(), target(), "cat; echo error >&2; exit 7"]);
    child.child.stdin?.end("in");
    await expect(child).rejects.toMatchObject({ code: 7, stdout: "in", stderr: "error\n" });
  });

  test("ssh refuses a node with another host key", async () => {
    const other = await lab.ensure("b");
    writeFileSync(join(lab.directory, "wrong"), `[${other.host}]:${other.port} ${address.hostKey}\n`);
    const wrong = options().map((each) =>
      each.startsWith("UserKnownHostsFile") ? `UserKnownHostsFile=${join(lab.directory, "wrong")}` : each,
    );
    await expect(run("ssh", [...wrong, "-p", String(other.port), target(), "true"])).rejects.toThrow(
      "Host key verification failed",
    );
  });

  test.each([
    ["its own protocol", ["-O"]],
    ["SFTP", []],
  ])("scp copies trees both ways over %s", async (_title, flags) => {
    const name = `tree${flags.length}`;
    mkdirSync(join(lab.directory, name, "deep"), { recursive: true });
    writeFileSync(join(lab.directory, name, "deep", "it's a file"), "content");
    const common = [...options(), ...flags, "-q", "-r", "-p", "-P", port()];
    await run("scp", [...common, join(lab.directory, name), `${target()}:`]);
    await run("scp", [...common, `${target()}:~/${name}`, join(lab.directory, `${name}-back`)]);
    expect(readFileSync(join(lab.directory, `${name}-back`, "deep", "it's a file"), "utf8")).toBe("content");
  });

  test("sftp works through a batch", async () => {
    writeFileSync(
      join(lab.directory, "batch"),
      "mkdir s\ncd s\nput key.pub\nrename key.pub k\nln -s k l\nchmod 600 k\nls -l\nget k k.back\nrm l\nrm k\ncd ..\nrmdir s\n",
    );
    const { stdout } = await run("sftp", [...options(), "-P", port(), "-b", "batch", target()], {
      cwd: lab.directory,
    });
    expect(stdout).toMatch(/-rw-------.* k\nlrwxrwxrwx.* l\n/);
    expect(readFileSync(join(lab.directory, "k.back"))).toEqual(readFileSync(lab.publicKeyFile));
    expect(existsSync(onNode("s"))).toBe(false);
  });
});
