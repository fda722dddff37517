import { conceal, toAsset, UNKNOWN } from "../../../provider/wire.ts";
import type { Properties } from "../plugin.ts";
import { type Case, COPY, LOCAL, REMOTE } from "./case.ts";

const base = { create: "echo a", environment: { A: "1" }, triggers: ["t"] };
const diffOf =
  (news: Properties): Case["run"] =>
  ({ plugin }) =>
    plugin.diff(LOCAL, base, news, { ...base, stdout: "a", stderr: "" });
const some = (detailed: Record<string, string>) => ({ changes: "some", replaces: [], detailed });

export const diffs: readonly Case[] = [
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
