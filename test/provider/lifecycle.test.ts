import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { conceal } from "../../provider/wire.ts";
import { isAlive, until } from "../lab/processes.ts";
import { type Plugin, startPlugin } from "./plugin.ts";

const binary = resolve(import.meta.dirname, "../../provider/pulumi-resource-command");
const LOCAL = "command:local:Command";

let plugin: Plugin;
let directory: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "rocmark-plugin-"));
  plugin = await startPlugin(binary);
});
afterEach(async () => {
  await plugin.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** A command that writes its process ids, its child's among them, and then does nothing for a minute. */
const lingering = () => {
  const file = join(directory, "ids");
  return {
    create: `sleep 60 & echo $$ $! > ${file}.new; mv ${file}.new ${file}; sleep 61`,
    started: async () => {
      await until(() => existsSync(file));
      return readFileSync(file, "utf8").trim().split(" ").map(Number);
    },
  };
};

test("cancel ends local commands and all they started, and refuses what comes after", async () => {
  const { create, started } = lingering();
  const creating = plugin.create(LOCAL, { create });
  creating.catch(() => {});
  const ids = await started();
  await plugin.cancel();
  await expect(creating).rejects.toThrow("create on this machine: cancelled");
  await until(() => !ids.some(isAlive));
  await expect(plugin.create(LOCAL, { create: "true" })).rejects.toThrow("cancelled");
});

test("the limit of customTimeouts ends a command and says which limit it was", async () => {
  const { create } = lingering();
  await expect(plugin.create(LOCAL, { create }, { timeoutSeconds: 1 })).rejects.toThrow(
    "create: not done within 1 s, the limit of customTimeouts",
  );
});

test("SIGTERM ends what runs before the plugin leaves", async () => {
  const { create, started } = lingering();
  plugin.create(LOCAL, { create }).catch(() => {});
  const ids = await started();
  const left = new Promise((done) => plugin.process.once("exit", done));
  plugin.process.kill("SIGTERM");
  await left;
  await until(() => !ids.some(isAlive));
});

test("a plugin whose engine was killed ends what runs and leaves", async () => {
  // The engine is a shell here; the plugin is its child and loses it.
  const engine = spawn("/bin/sh", ["-c", `"$0" & echo pid $!; wait`, binary], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  engine.stdout.on("data", (chunk) => {
    said += chunk;
  });
  await until(() => /pid \d+/.test(said) && /^\d+$/m.test(said));
  const id = Number(/pid (\d+)/.exec(said)?.[1]);
  expect(isAlive(id)).toBe(true);
  engine.kill("SIGKILL");
  await until(() => !isAlive(id));
});

test("what Node compiled for the plugin is kept in the user's cache folder", async () => {
  const cached = await startPlugin(binary, { XDG_CACHE_HOME: directory, NODE_COMPILE_CACHE: "" });
  const left = new Promise((done) => cached.process.once("exit", done));
  cached.process.kill("SIGTERM");
  await left;
  await cached.stop();
  expect(readdirSync(join(directory, "rocmark", "compiled"))).toHaveLength(1);
});

test("a cache folder that cannot be written keeps no plugin from starting", async () => {
  const uncached = await startPlugin(binary, { XDG_CACHE_HOME: "/dev/null", NODE_COMPILE_CACHE: "" });
  expect(await uncached.create(LOCAL, { create: "echo fine" })).toMatchObject({ state: { stdout: "fine" } });
  await uncached.stop();
});

test("no secret is in a line that is shown, nor in an error", async () => {
  const inputs = {
    create: "echo with canary-42; echo wrong canary-42 >&2; exit 1",
    environment: { TOKEN: conceal("canary-42") },
  };
  const error = await plugin.create(LOCAL, inputs).catch((caught: Error) => caught);
  expect(String(error)).toContain("wrong [secret]");
  expect(plugin.log.map(({ message }) => message).sort()).toEqual(["with [secret]", "wrong [secret]"]);
  expect(JSON.stringify([String(error), plugin.log])).not.toContain("canary-42");
});

test("a previous output that is too long for a variable is left out, with a warning", async () => {
  const state = { create: "x", stdout: "x".repeat(200_000), stderr: "" };
  const updated = await plugin.update(LOCAL, state, { create: "echo =$PULUMI_COMMAND_STDOUT" });
  expect(updated.stdout).toBe("=");
  expect(plugin.log.map(({ message }) => message)[0]).toContain("PULUMI_COMMAND_STDOUT is not set");
});

test("a resource or function that the plugin has not is named, with those it has", async () => {
  await expect(plugin.check("command:local:Comand", {})).rejects.toThrow("command:local:Command");
  await expect(plugin.invoke("command:local:walk", {})).rejects.toThrow("it has command:local:run");
});
