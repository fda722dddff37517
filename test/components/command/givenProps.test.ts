import { expect, test } from "vitest";
import { givenProps } from "../../../components/command/givenProps.ts";

const given = (props: Record<string, unknown>) =>
  givenProps({
    props,
    opts: {},
    name: "a",
    type: "command:remote:Command",
    resource: undefined as never,
  })?.props ?? {};

test("what a command was not given is left out, what it will print stays to be filled in", () => {
  expect(
    given({ create: "make", update: undefined, stdin: null, stdout: undefined, stderr: undefined }),
  ).toEqual({
    create: "make",
    stdin: null,
    stdout: undefined,
    stderr: undefined,
  });
  expect(Object.keys(given({ update: undefined, stdout: undefined }))).toEqual(["stdout"]);
});
