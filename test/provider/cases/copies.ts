import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toArchive } from "../../../provider/wire.ts";
import { type Case, COPY, directory, failureOf, file, text } from "./case.ts";

/** A tree with a file that may be executed and one in a subdirectory. */
function makeTree(at: string): string {
  const tree = join(at, "tree");
  mkdirSync(join(tree, "sub"), { recursive: true });
  writeFileSync(join(tree, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(tree, "sub", "b"), "b");
  return tree;
}

export const copies: readonly Case[] = [
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
      rmSync(inputs.remotePath);
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
      rmSync(join(at, "target", "run.sh"));
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
