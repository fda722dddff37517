import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { toDigest } from "../../../provider/source.ts";
import { conceal, toAsset, UNKNOWN } from "../../../provider/wire.ts";
import { isAlive } from "../../lab/processes.ts";
import type { Plugin, Properties } from "../plugin.ts";
import { type Case, failureOf, LOCAL, outputs } from "./case.ts";

const previewOf = async (plugin: Plugin, news: Properties) => {
  const state = { create: "echo a", stdout: "a", stderr: "" };
  return outputs(await plugin.update(LOCAL, state, news, { preview: true }));
};

export const locals: readonly Case[] = [
  {
    title: "create returns both streams, each without one final newline, and an id that begins with the name",
    run: async ({ plugin }) => {
      const { id, state } = await plugin.create(LOCAL, { create: "printf 'a\\n\\n'; echo b >&2" });
      return { id, state };
    },
    expected: {
      id: expect.stringMatching(/^thing[0-9a-f]{8}$/),
      state: { create: "printf 'a\\n\\n'; echo b >&2", stdout: "a\n", stderr: "b" },
    },
  },
  {
    title: "create without a command",
    run: async ({ plugin }) => (await plugin.create(LOCAL, { delete: "true" })).state,
    expected: { delete: "true", stdout: "", stderr: "" },
  },
  {
    title: "create in a preview runs nothing and does not know the output",
    run: async ({ plugin, directory: at }) => {
      const create = `touch ${at}/ran`;
      const { state } = await plugin.create(LOCAL, { create }, { preview: true });
      return [outputs(state), existsSync(join(at, "ran"))];
    },
    expected: [[UNKNOWN, UNKNOWN], false],
  },
  {
    title: "the id of a preview",
    run: async ({ plugin }) => (await plugin.create(LOCAL, { create: "x" }, { preview: true })).id,
    differs: { why: "preview-id", ours: "", official: expect.stringMatching(/^thing/) },
  },
  {
    title: "stdin, environment, dir and interpreter reach the command",
    run: async ({ plugin, directory: at }) => {
      const create = `echo "$A $(pwd)"; cat`;
      const one = await plugin.create(LOCAL, { create, stdin: "in", environment: { A: "1" }, dir: at });
      const two = await plugin.create(LOCAL, { create: "$x = 6 * 7; print $x", interpreter: ["perl", "-e"] });
      return [String(one.state.stdout).replace(at, "DIR"), two.state.stdout];
    },
    expected: ["1 DIR\nin", "42"],
  },
  {
    title: "assets and archive of what a command made, by glob",
    run: async ({ plugin, directory: at }) => {
      const { state } = await plugin.create(LOCAL, {
        create: "mkdir -p out/sub; echo a > out/a.txt; echo b > out/sub/b.txt; echo c > out/sub/secret.txt",
        dir: at,
        assetPaths: ["out/*.txt"],
        archivePaths: ["out/**.txt", "!**secret*"],
      });
      const asset = (state.assets as Record<string, Properties>)["out/a.txt"];
      const archive = state.archive as { assets: Properties };
      return [
        Object.keys(state.assets as Properties),
        { ...asset, path: String(asset?.path).replace(at, "DIR") },
        Object.keys(archive.assets).sort(),
      ];
    },
    expected: [
      ["out/a.txt"],
      toAsset({ path: "DIR/out/a.txt", hash: toDigest(Buffer.from("a\n")) }),
      ["out/a.txt", "out/sub/b.txt"],
    ],
  },
  {
    title: "lines are shown at the resource while it runs, as a passing status",
    run: async ({ plugin }) => {
      await plugin.create(LOCAL, { create: "echo shown; echo too >&2" });
      return plugin.log
        .map(({ message, ephemeral, urn }) => [message, ephemeral, urn.split("::").at(-1)])
        .sort();
    },
    expected: [
      ["shown", true, "thing"],
      ["too", true, "thing"],
    ],
  },
  ...(["stdout", "stderr", "none"] as const).map(
    (logging): Case => ({
      title: `logging: ${logging} shows only that, and keeps both`,
      run: async ({ plugin }) => {
        const { state } = await plugin.create(LOCAL, { create: "echo out; echo err >&2", logging });
        return [outputs(state), plugin.log.map(({ message }) => message)];
      },
      expected: [["out", "err"], { stdout: ["out"], stderr: ["err"], none: [] }[logging]],
    }),
  ),
  {
    title: "update runs `update`, else `create`, with the previous output in its environment",
    run: async ({ plugin }) => {
      const state = { create: "x", stdout: "before", stderr: "warned" };
      const show = 'echo "$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"';
      return [
        outputs(await plugin.update(LOCAL, state, { create: show })),
        outputs(await plugin.update(LOCAL, state, { create: "false", update: show })),
        outputs(await plugin.update(LOCAL, state, { create: show, addPreviousOutputInEnv: false })),
        outputs(await plugin.update(LOCAL, state, { delete: "x" })),
      ];
    },
    expected: [
      ["before/warned", ""],
      ["before/warned", ""],
      ["/", ""],
      ["before", "warned"],
    ],
  },
  {
    title: "update in a preview does not know the output of another command",
    run: ({ plugin }) => previewOf(plugin, { create: "echo b" }),
    expected: [UNKNOWN, UNKNOWN],
  },
  {
    title: "update in a preview, of what the command is given",
    run: ({ plugin }) => previewOf(plugin, { create: "echo a", environment: { A: "1" } }),
    differs: { why: "preview-output", ours: [UNKNOWN, UNKNOWN], official: ["a", ""] },
  },
  {
    title: "update in a preview that will run nothing",
    run: ({ plugin }) => previewOf(plugin, { delete: "echo gone" }),
    differs: { why: "preview-output", ours: ["a", ""], official: [UNKNOWN, UNKNOWN] },
  },
  {
    title: "delete runs `delete` with the output in its environment, or nothing",
    run: async ({ plugin, directory: at }) => {
      await plugin.delete(LOCAL, { create: "x", stdout: "a", stderr: "" });
      await plugin.delete(LOCAL, {
        delete: `echo $PULUMI_COMMAND_STDOUT > ${at}/d`,
        stdout: "a",
        stderr: "",
      });
      return readFileSync(join(at, "d"), "utf8");
    },
    expected: "a\n",
  },
  {
    title: "read returns what is known",
    run: ({ plugin }) => plugin.read(LOCAL, { create: "x", stdout: "a", stderr: "" }, { create: "x" }),
    expected: { id: "id", state: { create: "x", stdout: "a", stderr: "" }, inputs: { create: "x" } },
  },
  {
    title: "the function `run` runs, returns its arguments with the output, and names a missing command",
    run: async ({ plugin }) => [
      (await plugin.invoke("command:local:run", { command: "echo $A", environment: { A: "1" } })).result,
      (await plugin.invoke("command:local:run", {})).failures.map((failure) => failure.split(":")[0]),
    ],
    expected: [{ command: "echo $A", environment: { A: "1" }, stdout: "1", stderr: "" }, ["command"]],
  },
  {
    title: "a failure shows how it ended and what it wrote on standard error, not the command",
    run: ({ plugin }) =>
      failureOf(
        plugin.create(LOCAL, {
          create: "echo printed; echo no $TOKEN >&2; exit 3",
          environment: { TOKEN: conceal("canary-1") },
        }),
      ),
    differs: {
      why: "errors-without-command",
      ours: "create on this machine: exit code 3; what it wrote on standard error:\nno [secret]",
      official: expect.stringMatching(/^exit status 3: running "echo printed.*\nprinted\nno canary-1\n$/s),
    },
  },
  {
    title: "death by a signal, a program and a directory that do not exist are failures",
    run: async ({ plugin }) =>
      (
        await Promise.all([
          failureOf(plugin.create(LOCAL, { create: "kill -9 $$" })),
          failureOf(plugin.create(LOCAL, { create: "x", interpreter: ["no-such-program"] })),
          failureOf(plugin.create(LOCAL, { create: "x", dir: "/no/such/directory" })),
        ])
      ).map((failure) => failure !== "no failure"),
    expected: [true, true, true],
  },
  {
    title: "what a command with a secret prints",
    run: async ({ plugin }) => {
      const secrets = [
        { create: conceal("echo a") },
        { create: "cat", stdin: conceal("a") },
        { create: "echo $A", environment: { A: conceal("a") } },
      ];
      return await Promise.all(
        secrets.map(async (inputs) => (await plugin.create(LOCAL, inputs)).state.stdout),
      );
    },
    differs: {
      why: "secret-output",
      ours: [conceal("a"), conceal("a"), conceal("a")],
      official: ["a", "a", "a"],
    },
  },
  {
    title: "a process left behind with its output open",
    run: async ({ plugin }) => {
      const create = "echo started; sleep 3 & echo $! >&2";
      const started = Date.now();
      const { state } = await plugin.create(LOCAL, { create });
      const waited = Date.now() - started > 2900;
      const alive = isAlive(Number(state.stderr));
      return [state.stdout, waited ? "waited for it" : alive ? "left it running" : "ended it"];
    },
    differs: {
      why: "daemon-output",
      ours: ["started", "left it running"],
      official: ["started", "waited for it"],
    },
  },
];
