import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { conceal } from "../../../provider/wire.ts";
import { makeKeyPair } from "../../../ssh/keyPair.ts";
import { freePort } from "../../lab/openssh.ts";
import { isAlive, until } from "../../lab/processes.ts";
import { type Case, failureOf, outputs, REMOTE } from "./case.ts";

export const remotes: readonly Case[] = [
  {
    title: "create, update and delete on a node",
    run: async ({ plugin, connection, directory: at }) => {
      const inputs = { connection, create: "cat; echo e >&2", stdin: "in", delete: `echo gone > ${at}/gone` };
      const { id, state } = await plugin.create(REMOTE, inputs);
      const updated = await plugin.update(REMOTE, state, { ...inputs, update: "echo updated" });
      const unchanged = await plugin.update(REMOTE, state, { connection, delete: "x" });
      await plugin.delete(REMOTE, updated);
      return [
        id,
        outputs(state),
        outputs(updated),
        outputs(unchanged),
        readFileSync(join(at, "gone"), "utf8"),
      ];
    },
    expected: [
      expect.stringMatching(/^thing[0-9a-f]{8}$/),
      ["in", "e"],
      ["updated", ""],
      ["in", "e"],
      "gone\n",
    ],
  },
  {
    title: "the command is run by the login shell",
    run: async ({ plugin, connection }) =>
      (
        await plugin.create(REMOTE, {
          connection,
          create: '[ "$(ps -o comm= -p $$)" = "$(basename "$SHELL")" ]; echo $?',
        })
      ).state.stdout,
    expected: "0",
  },
  {
    title: "a failure on a node",
    run: async ({ plugin, connection }) =>
      failureOf(plugin.create(REMOTE, { connection: conceal(connection), create: "echo wrong >&2; exit 4" })),
    differs: {
      why: "errors-without-command",
      ours: expect.stringMatching(/^create on \S+@127\.0\.0\.1:\d+: exit code 4; .*standard error:\nwrong$/),
      official: expect.stringMatching(/status 4: running "echo wrong/),
    },
  },
  {
    title: "environment on a server without AcceptEnv",
    run: async ({ plugin, connection }) =>
      plugin.create(REMOTE, { connection, create: "echo $A", environment: { A: "it's" } }).then(
        ({ state }) => state.stdout,
        () => "refused",
      ),
    differs: { why: "environment", ours: "it's", official: "refused" },
  },
  {
    title: "previous output in the environment on a server without AcceptEnv",
    run: async ({ plugin, connection }) =>
      (
        await plugin.update(
          REMOTE,
          { connection, stdout: "a", stderr: "" },
          { connection, create: "echo =$PULUMI_COMMAND_STDOUT" },
        )
      ).stdout,
    differs: { why: "environment", ours: "=a", official: "=" },
  },
  {
    title: "a variable's name that no shell can export",
    run: async ({ plugin, connection }) =>
      failureOf(plugin.create(REMOTE, { connection, create: "x", environment: { "A B": "1" } })),
    differs: {
      why: "environment-name",
      ours: expect.stringContaining('SSH setting "environment"'),
      official: expect.stringContaining("could not set environment variable"),
    },
  },
  {
    title: "a wrong hostKey is refused",
    run: async ({ plugin, connection }) => {
      const wrong = { ...connection, hostKey: makeKeyPair().publicKey, dialErrorLimit: 0 };
      return (await failureOf(plugin.create(REMOTE, { connection: wrong, create: "true" }))) !== "no failure";
    },
    expected: true,
  },
  {
    title: "no hostKey, and a host that known_hosts does not know",
    run: async ({ startWith, connection, directory: at }) => {
      const { hostKey: _, ...unpinned } = connection;
      const plugin = await startWith({ HOME: at });
      return failureOf(plugin.create(REMOTE, { connection: unpinned, create: "true" }));
    },
    differs: {
      why: "host-key",
      ours: expect.stringMatching(
        /is not known: found SHA256:.*known_hosts has no entry.*pin it: hostKey: "ssh-ed25519 AAAA/,
      ),
      official: "no failure",
    },
  },
  {
    title: "no hostKey, and a host that known_hosts knows",
    run: async ({ startWith, connection, directory: at, sshd }) => {
      const { hostKey, ...unpinned } = connection;
      mkdirSync(join(at, ".ssh"));
      writeFileSync(join(at, ".ssh", "known_hosts"), `[127.0.0.1]:${sshd.port} ${hostKey}\n`);
      const plugin = await startWith({ HOME: at });
      return (await plugin.create(REMOTE, { connection: unpinned, create: "echo in" })).state.stdout;
    },
    expected: "in",
  },
  {
    title: "through a proxy",
    run: async ({ plugin, connection }) =>
      (
        await plugin.create(REMOTE, {
          connection: { ...connection, proxy: connection },
          create: "echo through",
        })
      ).state.stdout,
    expected: "through",
  },
  {
    title: "delete on a node that is gone, as it is and when told to go on",
    run: async ({ plugin, startWith, connection }) => {
      const gone = { ...connection, port: await freePort(), dialErrorLimit: 0 };
      const state = { connection: gone, delete: "true", stdout: "", stderr: "" };
      const told = await startWith({ PULUMI_COMMAND_DELETE_UNREACHABLE: "true" });
      const own = { ...state, environment: { PULUMI_COMMAND_DELETE_UNREACHABLE: "true" } };
      const results = [
        await failureOf(plugin.delete(REMOTE, state)),
        await failureOf(told.delete(REMOTE, state)),
        await failureOf(plugin.delete(REMOTE, own)),
      ].map((failure) => failure === "no failure");
      return [results, told.log.map(({ message }) => message.includes("may still be there"))];
    },
    differs: {
      why: "delete-unreachable",
      ours: [[false, true, true], [true]],
      official: [[false, false, false], []],
    },
  },
  {
    title: "cancel ends what runs on the node",
    run: async ({ startWith, connection, directory: at }) => {
      const plugin = await startWith({});
      const pids = join(at, "pids");
      const create = `sleep 60 & echo $$ $! > ${pids}.new; mv ${pids}.new ${pids}; sleep 61`;
      const creating = failureOf(plugin.create(REMOTE, { connection, create }));
      await until(() => existsSync(pids));
      await plugin.cancel();
      const failure = await Promise.race([
        creating,
        new Promise((done) => setTimeout(() => done("still running"), 5000)),
      ]);
      const alive = readFileSync(pids, "utf8").trim().split(" ").map(Number).filter(isAlive);
      for (const id of alive) process.kill(id);
      return [failure, alive.length];
    },
    differs: {
      why: "cancel",
      ours: [expect.stringMatching(/Cancelled on .*; it and its children were ended/), 0],
      official: [expect.any(String), 2],
    },
  },
];
