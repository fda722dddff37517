import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { toDigest } from "../../provider/source.ts";
import { conceal, toArchive, toAsset, UNKNOWN } from "../../provider/wire.ts";
import { makeKeyPair } from "../../ssh/keyPair.ts";
import { freePort, type OpenSsh } from "../lab/openssh.ts";
import { isAlive, until } from "../lab/processes.ts";
import type { Difference } from "./differences.ts";
import type { Plugin, Properties } from "./plugin.ts";

/** What a case may use: the plugin, a directory of its own, and for remote cases an sshd on this machine. */
export interface Lab {
  plugin: Plugin;
  /** The plugin started with other variables, stopped after the case. */
  startWith(environment: NodeJS.ProcessEnv): Promise<Plugin>;
  directory: string;
  /** Only in remote cases. */
  sshd: OpenSsh;
  connection: Properties;
}

/** One behaviour. Both plugins show `expected`, or each its own where the difference is deliberate. */
export interface Case {
  title: string;
  remote?: true;
  run(lab: Lab): Promise<unknown>;
  expected?: unknown;
  differs?: { why: Difference; ours: unknown; official: unknown };
}

const LOCAL = "command:local:Command";
const REMOTE = "command:remote:Command";
const COPY = "command:remote:CopyToRemote";

const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no failure",
    (error: Error) => error.message,
  );

/** stdout and stderr of a state, or all of it without the inputs that were given. */
const outputs = ({ stdout, stderr }: Properties) => [stdout, stderr];

const text = (content: string) => toAsset({ text: content, hash: toDigest(Buffer.from(content)) });
const file = (path: string) => toAsset({ path, hash: toDigest(readFileSync(path)) });
const directory = (path: string, hash = "1") => toArchive({ path, hash });

const checks: Case[] = [
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
];

const base = { create: "echo a", environment: { A: "1" }, triggers: ["t"] };
const diffOf =
  (news: Properties): Case["run"] =>
  ({ plugin }) =>
    plugin.diff(LOCAL, base, news, { ...base, stdout: "a", stderr: "" });
const some = (detailed: Record<string, string>) => ({ changes: "some", replaces: [], detailed });

const diffs: Case[] = [
  {
    title: "diff of equal inputs",
    run: diffOf(base),
    expected: { changes: "none", replaces: [], detailed: {} },
  },
  {
    title: "diff of a changed command",
    run: diffOf({ ...base, create: "echo b" }),
    expected: some({ create: "update" }),
  },
  {
    title: "diff of an added update command",
    run: diffOf({ ...base, update: "u" }),
    expected: some({ update: "add" }),
  },
  {
    title: "diff inside a map",
    run: diffOf({ ...base, environment: { A: "2", B: "3" } }),
    expected: some({ "environment.A": "update", "environment.B": "add" }),
  },
  {
    title: "diff of a removed value",
    run: diffOf({ create: "echo a", triggers: ["t"] }),
    expected: some({ environment: "delete" }),
  },
  {
    title: "diff of triggers, which the SDK turns into a replacement",
    run: diffOf({ ...base, triggers: ["u", "v"] }),
    expected: some({ "triggers[0]": "update", "triggers[1]": "add" }),
  },
  {
    title: "diff of triggers with an update command",
    run: ({ plugin }) =>
      plugin.diff(LOCAL, { update: "u", triggers: ["a"] }, { update: "u", triggers: ["b"] }),
    expected: some({ "triggers[0]": "update" }),
  },
  {
    title: "diff of a value that becomes secret, and of one that is not known yet",
    run: async (lab) => [
      await diffOf({ ...base, create: conceal("echo a") })(lab),
      await diffOf({ ...base, create: UNKNOWN })(lab),
    ],
    expected: [some({ create: "update" }), some({ create: "update" })],
  },
  {
    title: "diff of a connection inside its secret",
    run: ({ plugin }) =>
      plugin.diff(
        REMOTE,
        { create: "x", connection: conceal({ host: "a", port: 22 }) },
        { create: "x", connection: conceal({ host: "b", port: 22 }) },
      ),
    expected: some({ connection: "update" }),
  },
  {
    title: "diff of a copy looks at content, not at where it lies",
    run: async ({ plugin }) => {
      const copy = (source: unknown, remotePath: string) => ({
        connection: { host: "h" },
        source,
        remotePath,
      });
      const old = copy(toAsset({ path: "/tmp/a", hash: "1" }), "/a");
      return [
        await plugin.diff(COPY, old, copy(toAsset({ path: "/tmp/b", hash: "1" }), "/a")),
        await plugin.diff(COPY, old, copy(toAsset({ path: "/tmp/a", hash: "2" }), "/b")),
      ];
    },
    expected: [
      { changes: "none", replaces: [], detailed: {} },
      some({ source: "update", remotePath: "update" }),
    ],
  },
];

const locals: Case[] = [
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
    title: "update in a preview does not know the output",
    run: async ({ plugin }) => {
      const state = { create: "echo a", stdout: "a", stderr: "" };
      const preview = async (news: Properties) =>
        outputs(await plugin.update(LOCAL, state, news, { preview: true }));
      return [
        await preview({ create: "echo b" }),
        await preview({ create: "echo a", environment: { A: "1" } }),
      ];
    },
    expected: [
      [UNKNOWN, UNKNOWN],
      [UNKNOWN, UNKNOWN],
    ],
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

const remotes: Case[] = [
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

/** A tree with a file that may be executed and one in a subdirectory. */
function makeTree(at: string): string {
  const tree = join(at, "tree");
  mkdirSync(join(tree, "sub"), { recursive: true });
  writeFileSync(join(tree, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(tree, "sub", "b"), "b");
  return tree;
}

const copies: Case[] = [
  {
    title: "a text goes to a file, with the directories above it",
    run: async ({ plugin, connection, directory: at }) => {
      const remotePath = join(at, "new", "deep", "file");
      const { id, state } = await plugin.create(COPY, { connection, source: text("hello"), remotePath });
      return [/^[0-9a-f]{8}$/.test(id), readFileSync(remotePath, "utf8"), state.remotePath === remotePath];
    },
    expected: [true, "hello", true],
  },
  {
    title: "a text to a directory is refused",
    run: async ({ plugin, connection, directory: at }) =>
      (await failureOf(plugin.create(COPY, { connection, source: text("x"), remotePath: at }))).includes(
        "is a directory",
      ),
    expected: true,
  },
  {
    title: "a file goes to a path, over an existing file, or into a directory",
    run: async ({ plugin, connection, directory: at }) => {
      writeFileSync(join(at, "source.txt"), "content");
      writeFileSync(join(at, "existing"), "much longer than the content");
      mkdirSync(join(at, "into"));
      for (const name of ["fresh", "existing", "into"])
        await plugin.create(COPY, {
          connection,
          source: file(join(at, "source.txt")),
          remotePath: join(at, name),
        });
      return ["fresh", "existing", "into/source.txt"].map((name) => readFileSync(join(at, name), "utf8"));
    },
    expected: ["content", "content", "content"],
  },
  {
    title: "a directory goes below the path by its name; with a slash its content goes there",
    run: async ({ plugin, connection, directory: at }) => {
      const tree = makeTree(at);
      const target = join(at, "target");
      await plugin.create(COPY, { connection, source: directory(tree), remotePath: target });
      await plugin.create(COPY, { connection, source: directory(`${tree}/`), remotePath: target });
      return ["tree/sub/b", "sub/b"].map((name) => readFileSync(join(target, name), "utf8"));
    },
    expected: ["b", "b"],
  },
  {
    title: "a directory over a file is refused",
    run: async ({ plugin, connection, directory: at }) => {
      writeFileSync(join(at, "in-the-way"), "x");
      const source = directory(makeTree(at));
      const failure = await failureOf(
        plugin.create(COPY, { connection, source, remotePath: join(at, "in-the-way") }),
      );
      return [failure !== "no failure", readFileSync(join(at, "in-the-way"), "utf8")];
    },
    expected: [true, "x"],
  },
  {
    title: "permission bits of a copied file",
    run: async ({ plugin, connection, directory: at }) => {
      const tree = makeTree(at);
      await plugin.create(COPY, {
        connection,
        source: directory(`${tree}/`),
        remotePath: join(at, "target"),
      });
      await plugin.create(COPY, {
        connection,
        source: file(join(tree, "run.sh")),
        remotePath: join(at, "one"),
      });
      return ["target/run.sh", "one"].map((name) => (statSync(join(at, name)).mode & 0o111) !== 0);
    },
    differs: { why: "copy-mode", ours: [true, true], official: [false, false] },
  },
  {
    title: "an archive of assets",
    run: async ({ plugin, connection, directory: at }) => {
      const source = toArchive({ hash: "1", assets: { "a.txt": text("a"), "sub/b.txt": text("b") } });
      const failure = await failureOf(
        plugin.create(COPY, { connection, source, remotePath: join(at, "target") }),
      );
      return failure === "no failure" ? readFileSync(join(at, "target", "sub", "b.txt"), "utf8") : "refused";
    },
    differs: { why: "asset-archive", ours: "b", official: "refused" },
  },
  {
    title: "update copies when content or path changed, not for anything else",
    run: async ({ plugin, connection, directory: at }) => {
      const inputs = { connection, source: text("one"), remotePath: join(at, "file") };
      const { state } = await plugin.create(COPY, inputs);
      const now = () => readFileSync(join(at, "file"), "utf8");
      writeFileSync(join(at, "file"), "changed by hand");
      await plugin.update(COPY, state, { ...inputs, triggers: ["x"] });
      const untouched = now();
      await plugin.update(COPY, state, { ...inputs, source: text("two") });
      return [untouched, now()];
    },
    expected: ["changed by hand", "two"],
  },
  {
    title: "update with a connection to another host",
    run: async ({ plugin, connection, directory: at }) => {
      const inputs = { connection, source: text("one"), remotePath: join(at, "file") };
      const { state } = await plugin.create(COPY, { ...inputs });
      writeFileSync(join(at, "file"), "of the other host");
      await plugin.update(COPY, { ...state, connection: { ...connection, host: "elsewhere" } }, inputs);
      return readFileSync(join(at, "file"), "utf8");
    },
    differs: { why: "update-other-host", ours: "one", official: "of the other host" },
  },
  {
    title: "delete leaves the file",
    run: async ({ plugin, connection, directory: at }) => {
      const { state } = await plugin.create(COPY, {
        connection,
        source: text("x"),
        remotePath: join(at, "file"),
      });
      await plugin.delete(COPY, state);
      return existsSync(join(at, "file"));
    },
    expected: true,
  },
  {
    title: "delete when told to remove copied files: only those that are as they were copied",
    run: async ({ startWith, connection, directory: at }) => {
      const plugin = await startWith({ PULUMI_COMMAND_DELETE_COPIED_FILES: "true" });
      const source = directory(`${makeTree(at)}/`);
      const { state } = await plugin.create(COPY, { connection, source, remotePath: join(at, "target") });
      writeFileSync(join(at, "target", "sub", "b"), "changed by hand");
      await plugin.delete(COPY, state);
      return ["run.sh", "sub/b"].map((name) => existsSync(join(at, "target", name)));
    },
    differs: { why: "delete-copied", ours: [false, true], official: [true, true] },
  },
  {
    title: "read of an untouched, a changed and a missing file",
    run: async ({ plugin, connection, directory: at }) => {
      const inputs = { connection, source: text("one"), remotePath: join(at, "file") };
      const { state } = await plugin.create(COPY, inputs);
      const seen: unknown[] = [];
      for (const change of [
        () => {},
        () => writeFileSync(inputs.remotePath, "by hand"),
        () => writeFileSync(inputs.remotePath, ""),
      ]) {
        change();
        const read = await plugin.read(COPY, state, inputs);
        seen.push([read.id, (await plugin.diff(COPY, read.inputs, inputs, read.state)).changes]);
      }
      await import("node:fs/promises").then(({ rm }) => rm(inputs.remotePath));
      seen.push((await plugin.read(COPY, state, inputs)).id);
      return seen;
    },
    differs: {
      why: "copy-drift",
      ours: [["id", "none"], ["id", "some"], ["id", "some"], ""],
      official: [["id", "none"], ["id", "none"], ["id", "none"], "id"],
    },
  },
  {
    title: "read of a copied directory in which one file changed or is missing",
    run: async ({ plugin, connection, directory: at }) => {
      const inputs = { connection, source: directory(`${makeTree(at)}/`), remotePath: join(at, "target") };
      const { state } = await plugin.create(COPY, inputs);
      writeFileSync(join(at, "target", "sub", "b"), "by hand");
      const changed = await plugin.read(COPY, state, inputs);
      await import("node:fs/promises").then(({ rm }) => rm(join(at, "target", "run.sh")));
      return [
        (await plugin.diff(COPY, changed.inputs, inputs, changed.state)).changes,
        (await plugin.read(COPY, state, inputs)).id,
      ];
    },
    differs: { why: "copy-drift", ours: ["some", ""], official: ["none", "id"] },
  },
  {
    title: "CopyFile, deprecated and still there",
    run: async ({ plugin, connection, directory: at }) => {
      writeFileSync(join(at, "source"), "content");
      const inputs = { connection, localPath: join(at, "source"), remotePath: join(at, "copy") };
      await plugin.create("command:remote:CopyFile", inputs);
      return readFileSync(join(at, "copy"), "utf8");
    },
    expected: "content",
  },
];

export const cases: Case[] = [
  ...checks,
  ...diffs,
  ...locals,
  ...[...remotes, ...copies].map((one) => ({ ...one, remote: true as const })),
];
