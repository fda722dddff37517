import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { solveStack } from "../../../components/compatibility/stack.ts";
import { mi300x, noble4 } from "./nodes.ts";

const program = resolve(import.meta.dirname, "../../../components/compatibility/main.ts");
const ask = (input: string) => spawnSync(process.execPath, [program], { input, encoding: "utf8" });

const request = { driver: "30.20.1", rocm: "7.1.1", pytorch: "2.10.0+rocm7.1" };
const nodes = [{ name: "a", facts: mi300x }];

test("what fits ends with 0 and says the same as solveStack", () => {
  const { status, stdout, stderr } = ask(JSON.stringify({ request, nodes }));
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(solveStack(request, nodes))));
});

test("what is refused ends with 2 and says why; with unknowns allowed it passes", () => {
  const question = { request, nodes: [{ name: "later", facts: { ...mi300x, ...noble4 } }] };
  const { status, stdout, stderr } = ask(JSON.stringify(question));
  expect(stderr).toBe("");
  expect(status).toBe(2);
  const answer = JSON.parse(stdout);
  expect(answer.kind).toBe("refused");
  expect(answer.message).toContain("later (Ubuntu 24.04.4");
  expect(ask(JSON.stringify({ ...question, allowUnknown: true })).status).toBe(0);
});

test("a node of which nothing is known is refused, and more facts than the matrix reads are none too many", () => {
  const facts = { ...mi300x, memoryGiB: 512, trainer: { version: "0.1.0" } };
  const { status, stdout } = ask(
    JSON.stringify({
      request,
      nodes: [
        { name: "read", facts },
        { name: "unread", facts: null },
      ],
    }),
  );
  expect(status).toBe(2);
  const kinds = JSON.parse(stdout).groups.map(
    (group: { environments: { solution: { kind: string } }[] }) => group.environments[0]?.solution.kind,
  );
  expect(kinds).toEqual(["solved", "unknown"]);
});

test.each([
  ["no JSON", "what?", /Expected \{request, nodes, allowUnknown\} as JSON on standard input/],
  ["nothing", "", /Expected \{request, nodes, allowUnknown\}/],
  ["a key that is none", JSON.stringify({ request: { rcom: "7.1.1" }, nodes }), /"rcom"/],
  ["a node without a name", JSON.stringify({ request, nodes: [{ facts: null }] }), /nodes\[0\]\.name/],
  [
    "a fact of another kind",
    JSON.stringify({ request, nodes: [{ name: "a", facts: { gpus: "gfx942" } }] }),
    /nodes\[0\]\.facts\.gpus/,
  ],
])("%s ends with 2, with nothing on standard output and the reason on the other", (_what, input, reason) => {
  const { status, stdout, stderr } = ask(input);
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(reason);
});
