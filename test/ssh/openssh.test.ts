import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SshConnection } from "../../ssh/connection.ts";
import { SshPool } from "../../ssh/pool.ts";
import { missingOpenSsh, type OpenSsh, startOpenSsh } from "../lab/openssh.ts";
import { isAlive, until } from "../lab/processes.ts";

if (missingOpenSsh) console.warn(`Skipped, because ${missingOpenSsh}.`);

describe.skipIf(missingOpenSsh)("against a real sshd", () => {
  let sshd: OpenSsh;
  let pool: SshPool;
  let connection: SshConnection;

  beforeAll(async () => {
    sshd = await startOpenSsh();
    pool = new SshPool();
    connection = await pool.connect(sshd.settings);
  });
  afterAll(async () => {
    await pool?.close();
    await sshd?.stop();
  });
  const at = (name: string) => join(sshd.directory, name);

  test("stdin, environment, both streams and the exit code arrive", async () => {
    const result = await connection.exec('cat; printf %s "$V" >&2; exit 3', {
      stdin: "in\n\0\xff",
      environment: { V: "it's\n\\n $HOME \u20ac" },
    });
    expect(result).toMatchObject({
      exitCode: 3,
      signal: null,
      stdout: "in\n\0\xff",
      stderr: "it's\n\\n $HOME \u20ac",
    });
  });

  test("a command without input reads an empty one", async () => {
    expect((await connection.exec("wc -c")).stdout.trim()).toBe("0");
  });

  test("death by signal is told from an exit", async () => {
    expect(await connection.exec("kill -KILL $$")).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  });

  test("the command runs by the user's login shell, and posix commands by /bin/sh", async () => {
    const login = await connection.exec('echo "$SHELL"; ps -o args= -p $$; :');
    const [shell = "", ...line] = login.stdout.split("\n");
    expect(line.join("\n")).toContain(shell);
    expect((await connection.exec("ps -o args= -p $$; :", { shell: "posix" })).stdout).toContain(
      "/bin/sh -c",
    );
  });

  test("variables are in no argument list of the node", async () => {
    const { stdout } = await connection.exec("ps -A -o args=", { environment: { CANARY: "canary-4711" } });
    expect(stdout).not.toContain("canary-4711");
  });

  test("output is heard while it comes", async () => {
    const heard: string[] = [];
    const running = connection.exec("echo one; sleep 0.3; echo two", {
      onStdout: (text) => heard.push(text),
    });
    await until(() => heard.length > 0);
    expect(heard).toEqual(["one\n"]);
    expect((await running).stdout).toBe("one\ntwo\n");
  });

  test("16 MiB of output are kept, more is counted", async () => {
    const { stdout, stdoutDroppedBytes } = await connection.exec("head -c 17000000 /dev/zero | tr '\\0' x");
    expect(stdout.length).toBe(16 * 1024 * 1024);
    expect(stdoutDroppedBytes).toBe(17_000_000 - 16 * 1024 * 1024);
  });

  const stubborn = 'trap "" TERM; sleep 301 & echo $$ $!; while :; do sleep 0.1; done';
  test.each([
    ["a sleep", "echo $$; sleep 301"],
    ["a command with children", "sleep 301 & sleep 302 & echo $$ $(jobs -p); wait"],
    ["a child in a session of its own", "{ setsid sleep 301 2>/dev/null || sleep 301; } & echo $$ $!; wait"],
    ["one that ignores SIGTERM", stubborn],
  ])("%s is gone from the node after a cancel", async (_title, command) => {
    const controller = new AbortController();
    let said = "";
    const running = connection.exec(command, {
      signal: controller.signal,
      onStdout: (text) => {
        said += text;
      },
    });
    running.catch(() => {});
    await until(() => said.includes("\n"));
    const ids = said.trim().split(/\s+/).map(Number);
    expect(ids.every(isAlive)).toBe(true);
    controller.abort();
    await expect(running).rejects.toMatchObject({
      code: "E_SSH_CANCELLED",
      message: expect.stringContaining("it and its children were ended"),
    });
    expect(ids.filter(isAlive)).toEqual([]);
  });

  test("a cancel before the command has started ends it, too", async () => {
    const file = at("must-not-appear");
    const controller = new AbortController();
    const running = connection.exec(`sleep 1; touch ${file}`, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "E_SSH_CANCELLED" });
    await new Promise((done) => setTimeout(done, 1300));
    expect(existsSync(file)).toBe(false);
  });

  test("the time limit ends a command, and the connection goes on", async () => {
    await expect(connection.exec("sleep 301", { timeoutSeconds: 0.3 })).rejects.toMatchObject({
      code: "E_SSH_TIMEOUT",
      message: expect.stringContaining("within 0.3 s; it and its children were ended"),
    });
    expect((await connection.exec("echo on")).stdout).toBe("on\n");
  });

  test("fifty commands at once share one connection", async () => {
    const results = await Promise.all(Array.from({ length: 50 }, (_, n) => connection.exec(`echo ${n}`)));
    expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  describe("upload", () => {
    const partials = (directory: string) =>
      readdirSync(directory).filter((name) => name.startsWith(".rocmark"));

    test("content, digest, mode and missing directories", async () => {
      const content = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 31) % 256));
      const path = at("new dir/sub/it's a file");
      expect(await connection.upload(content, path, { mode: 0o750 })).toEqual({
        sha256: createHash("sha256").update(content).digest("hex"),
        bytes: content.length,
      });
      expect(readFileSync(path).equals(content)).toBe(true);
      expect(statSync(path).mode & 0o777).toBe(0o750);
      expect(partials(at("new dir/sub"))).toEqual([]);
      expect((await connection.download(path)).equals(content)).toBe(true);
    });

    test("a local file is streamed, an empty one too", async () => {
      writeFileSync(at("empty"), "");
      expect(await connection.upload({ file: at("empty") }, at("empty-copy"))).toMatchObject({ bytes: 0 });
      await connection.upload({ file: process.execPath }, at("node-copy"));
      expect(statSync(at("node-copy")).size).toBe(statSync(process.execPath).size);
    });

    test("the mode of an existing file is kept, a symbolic link is followed", async () => {
      writeFileSync(at("target"), "old", { mode: 0o640 });
      symlinkSync(at("target"), at("link"));
      await connection.upload(Buffer.from("new"), at("link"));
      expect(readFileSync(at("target"), "utf8")).toBe("new");
      expect(statSync(at("target")).mode & 0o777).toBe(0o640);
    });

    test("a reader sees the old content or the new, never a part", async () => {
      const [a, b] = [Buffer.alloc(2_000_000, "a"), Buffer.alloc(2_000_000, "b")];
      await connection.upload(a, at("watched"));
      const seen = new Set<string>();
      let done = false;
      const writing = (async () => {
        for (const content of [b, a, b]) await connection.upload(content, at("watched"));
        done = true;
      })();
      while (!done) {
        const now = readFileSync(at("watched"));
        seen.add(`${now.length} ${now[0]} ${now.at(-1)}`);
        await new Promise((next) => setImmediate(next));
      }
      await writing;
      for (const sight of seen) expect(["2000000 97 97", "2000000 98 98"]).toContain(sight);
    });

    test.each([
      ["a directory", () => at("."), "the path is a directory"],
      ["a path below a file", () => `${at("host.pub")}/x`, "no file can be made in its directory"],
      ["an empty path", () => "", "the path is empty"],
    ])("%s is refused", async (_title, path, reason) => {
      await expect(connection.upload(Buffer.from("x"), path())).rejects.toMatchObject({
        code: "E_UPLOAD",
        message: expect.stringContaining(reason),
      });
    });

    test("a source that does not exist is named before anything is sent", async () => {
      await expect(connection.upload({ file: at("nowhere") }, at("x"))).rejects.toMatchObject({
        code: "E_UPLOAD",
        message: expect.stringContaining("ENOENT"),
      });
    });

    test("a cancelled upload leaves the old file and no rest", async () => {
      mkdirSync(at("cancelled"));
      writeFileSync(at("cancelled/file"), "old");
      const controller = new AbortController();
      const uploading = connection.upload(Buffer.alloc(100_000_000), at("cancelled/file"), {
        signal: controller.signal,
      });
      uploading.catch(() => {});
      await until(() => partials(at("cancelled")).length > 0);
      controller.abort();
      await expect(uploading).rejects.toMatchObject({ code: "E_SSH_CANCELLED" });
      expect(readdirSync(at("cancelled"))).toEqual(["file"]);
      expect(readFileSync(at("cancelled/file"), "utf8")).toBe("old");
    });

    test("a full disk leaves the old file and no rest", async () => {
      const full = await startOpenSsh({ largestFileKiB: 64 });
      const other = new SshPool();
      try {
        mkdirSync(join(full.directory, "full"));
        const path = join(full.directory, "full", "file");
        writeFileSync(path, "old");
        const limited = await other.connect(full.settings);
        await expect(limited.upload(Buffer.alloc(200_000), path)).rejects.toMatchObject({ code: "E_UPLOAD" });
        expect(readdirSync(join(full.directory, "full"))).toEqual(["file"]);
        expect(readFileSync(path, "utf8")).toBe("old");
      } finally {
        await other.close();
        await full.stop();
      }
    });

    test("a connection cut in the middle leaves the old file and no rest", async () => {
      mkdirSync(at("cut"));
      writeFileSync(at("cut/file"), "old");
      const other = new SshPool();
      const own = await other.connect({ ...sshd.settings, keepaliveSeconds: 9 });
      const uploading = own.upload(Buffer.alloc(60_000_000), at("cut/file"));
      uploading.catch(() => {});
      await until(() => partials(at("cut")).length > 0);
      await other.close();
      await expect(uploading).rejects.toMatchObject({ code: "E_UPLOAD" });
      await until(() => partials(at("cut")).length === 0);
      expect(readFileSync(at("cut/file"), "utf8")).toBe("old");
    });
  });

  describe("uploadTree", () => {
    test("files, directories and modes arrive, what else is there stays", async () => {
      mkdirSync(at("tree/empty"), { recursive: true });
      mkdirSync(at("tree/a b"));
      writeFileSync(at("tree/a b/run"), "#!/bin/sh\n", { mode: 0o755 });
      writeFileSync(at("tree/-odd 'name'"), "x");
      mkdirSync(at("landed"));
      writeFileSync(at("landed/other"), "stays");
      const { files } = await connection.uploadTree(at("tree"), at("landed"));
      expect(Object.keys(files)).toEqual(["-odd 'name'", "a b/run"]);
      expect(readdirSync(at("landed")).sort()).toEqual(["-odd 'name'", "a b", "empty", "other"]);
      expect(statSync(at("landed/a b/run")).mode & 0o777).toBe(0o755);
    });

    test("a file where a directory must be is refused, and nothing is changed", async () => {
      writeFileSync(at("in-the-way"), "x");
      await expect(connection.uploadTree(at("tree"), at("in-the-way"))).rejects.toMatchObject({
        code: "E_UPLOAD",
        message: expect.stringContaining("is no directory"),
      });
    });
  });

  test.each([
    ["a missing file", () => at("nowhere")],
    ["a directory", () => at(".")],
  ])("download of %s is an error that names it", async (_title, path) => {
    await expect(connection.download(path())).rejects.toMatchObject({
      code: "E_DOWNLOAD",
      message: expect.stringContaining(path()),
    });
  });

  test("download refuses what is larger than told", async () => {
    writeFileSync(at("large"), "12345");
    await expect(connection.download(at("large"), { limitBytes: 4 })).rejects.toMatchObject({
      code: "E_DOWNLOAD",
    });
  });

  test("streamed input reaches the command", async () => {
    const stdin = Readable.from(["a", "b", "c"]);
    expect((await connection.exec("cat", { stdin })).stdout).toBe("abc");
  });

  test("known_hosts of this sshd, hashed by ssh-keygen, lets us in; another host's does not", async () => {
    const file = at("known_hosts");
    writeFileSync(file, `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
    expect(readFileSync(file, "utf8")).toMatch(/^\|1\|/);
    const known = { ...sshd.settings, hostKey: { kind: "known-hosts", file } as const };
    expect((await pool.connect(known)).alive).toBe(true);
    await expect(pool.connect({ ...known, host: "localhost" })).rejects.toMatchObject({
      code: "E_SSH_HOST_KEY",
    });
  });

  test("through a bastion, whose host key is checked as well", async () => {
    const { hostKey, ...rest } = sshd.settings;
    const proxied = await pool.connect({ ...sshd.settings, proxy: { ...rest, hostKey } });
    expect(proxied).not.toBe(connection);
    expect((await proxied.exec("echo through")).stdout).toBe("through\n");
    const other = await startOpenSsh();
    try {
      const wrong = { ...rest, hostKey: { kind: "pinned", key: other.hostKey } as const };
      await expect(pool.connect({ ...sshd.settings, proxy: wrong })).rejects.toMatchObject({
        code: "E_SSH_HOST_KEY",
      });
    } finally {
      await other.stop();
    }
  });
});
