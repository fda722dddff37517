import { expect } from "vitest";
import { conceal, UNKNOWN } from "../../../provider/wire.ts";
import type { Properties } from "../plugin.ts";
import { type Case, COPY, LOCAL, REMOTE } from "./case.ts";

export const checks: readonly Case[] = [
  {
    title: "check takes a local command as it is",
    run: ({ plugin }) => plugin.check(LOCAL, { create: conceal("echo"), environment: { A: conceal("b") } }),
    expected: { inputs: { create: conceal("echo"), environment: { A: conceal("b") } }, failures: [] },
  },
  {
    title: "check takes a command of nothing, and values that are not known yet",
    run: async ({ plugin }) => [
      await plugin.check(LOCAL, {}),
      await plugin.check(LOCAL, { create: UNKNOWN }),
    ],
    expected: [
      { inputs: {}, failures: [] },
      { inputs: { create: UNKNOWN }, failures: [] },
    ],
  },
  {
    title: "check makes the connection secret and fills in its defaults",
    run: ({ plugin }) => plugin.check(REMOTE, { create: "x", connection: { host: "h" } }),
    expected: {
      inputs: {
        create: "x",
        connection: conceal({ host: "h", user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 }),
      },
      failures: [],
    },
  },
  {
    title: "check refuses an unknown property, a wrong type and a missing connection, by name",
    run: async ({ plugin }) =>
      (
        await Promise.all([
          plugin.check(LOCAL, { creat: "x" }),
          plugin.check(LOCAL, { create: 1 }),
          plugin.check(LOCAL, { environment: "x" }),
          plugin.check(LOCAL, { interpreter: "sh" }),
          plugin.check(REMOTE, { create: "x" }),
        ])
      ).map(({ failures }) => failures.map((failure) => failure.split(":")[0])),
    expected: [["creat"], ["create"], ["environment"], ["interpreter"], ["connection"]],
  },
  {
    title: "check points at what is wrong inside the connection, and says it once",
    run: async ({ plugin }) => [
      (await plugin.check(REMOTE, { connection: { host: "h", port: "22" } })).failures,
      (await plugin.check(COPY, { connection: { host: "h" }, remotePath: "/x" })).failures,
    ],
    differs: {
      why: "check-path",
      ours: [["connection.port: expected a number, got a string"], ["source: a value is required"]],
      official: [
        [expect.stringMatching(/^connection: An error occurred decoding/)],
        [expect.stringMatching(/^source: /), expect.stringMatching(/^asset: /)],
      ],
    },
  },
  {
    title: "check of a value that `logging` does not have",
    run: async ({ plugin }) => (await plugin.check(LOCAL, { logging: "loud" })).failures,
    differs: {
      why: "check-logging",
      ours: ['logging: expected one of "stdout", "stderr", "stdoutAndStderr", "none", got a string'],
      official: [],
    },
  },
  {
    title: "defaults of a proxy",
    run: async ({ plugin }) => {
      const { inputs } = await plugin.check(REMOTE, { connection: { host: "h", proxy: { host: "p" } } });
      return ((inputs.connection as Properties).value as Properties).proxy;
    },
    differs: {
      why: "proxy-defaults",
      ours: { host: "p", user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 },
      official: expect.objectContaining({ host: "p" }),
    },
  },
  {
    title: "check of `read`, which looks for drift",
    run: async ({ plugin }) => [
      (await plugin.check(LOCAL, { create: "a", read: "b" })).failures,
      (await plugin.check(REMOTE, { connection: { host: "h" }, create: "a", read: "b" })).failures,
      (await plugin.check(LOCAL, { read: "b" })).failures,
    ],
    differs: {
      why: "command-drift",
      ours: [[], [], ["read: it needs create, and there is none"]],
      official: ["local.CommandInputs", "remote.CommandInputs", "local.CommandInputs"].map((type) => [
        `read: Unrecognized field 'read' on '${type}'`,
      ]),
    },
  },
];
