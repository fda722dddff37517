import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import { ProbedCommand } from "../../../components/command/probedCommand.ts";

const registered: pulumi.runtime.MockResourceArgs[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource(args) {
      registered.push(args);
      return { id: `${args.name}-id`, state: { ...args.inputs, stdout: "out", stderr: "" } };
    },
    call(args) {
      throw new Error(`Call not expected: ${args.token}`);
    },
  });
});

const settled = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => void output.apply(resolve));

test("a probed command is the SDK's own with one property more", async () => {
  const command = new ProbedCommand("a", {
    connection: { host: "h" },
    create: "make",
    read: pulumi.output("look"),
  });
  expect(await settled(command.stdout)).toBe("out");
  expect(registered.map(({ type }) => type)).toEqual(["command:remote:Command"]);
  expect(registered[0]?.inputs).toMatchObject({ create: "make", read: "look" });
});

test("a transformation of the caller's sees the property and may change it", async () => {
  const command = new ProbedCommand(
    "b",
    { connection: { host: "h" }, create: "make", read: "look" },
    { transformations: [({ props, opts }) => ({ props: { ...props, read: `${props.read} twice` }, opts })] },
  );
  await settled(command.stdout);
  expect(registered.find(({ name }) => name === "b")?.inputs.read).toBe("look twice");
});
