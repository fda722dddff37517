import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Node } from "../../../components/node/node.ts";

const home = mkdtempSync(join(tmpdir(), "rocmark-node-"));
const privateKeyFile = join(home, "key");
const registered: pulumi.runtime.MockResourceArgs[] = [];

const answers: Record<string, string> = {
  facts:
    "system=Linux\nkernel=6.8\narchitecture=x86_64\nos=debian\nosVersion=12\ncores=4\ncpu=c\nmemoryKiB=8388608\npython=3.12.3\naccelerator=cpu",
  environment: '{"python":"/e/bin/python","bundle":"/b"}',
  verification:
    '{"python":"3.12.3","packages":{"torch":"2.11.0"},"torch":{"version":"2.11.0","hip":null,"cuda":null,"device":null}}',
};

beforeAll(async () => {
  writeFileSync(privateKeyFile, "CANARY-PRIVATE-KEY");
  await pulumi.runtime.setMocks({
    newResource(args) {
      registered.push(args);
      return {
        id: `${args.name}-id`,
        state: { ...args.inputs, stdout: answers[args.name.split("-").at(-1) ?? ""] ?? "" },
      };
    },
    call(args) {
      throw new Error(`Call not expected: ${args.token}`);
    },
  });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const node = (name: string, more: Partial<ConstructorParameters<typeof Node>[1]> = {}) =>
  new Node(name, {
    address: {
      host: "127.0.0.1",
      port: 2222,
      user: "me",
      hostKey: "ssh-ed25519 AAAA",
      privateKeyFile,
      root: "/opt/rocmark/a",
      peerAddress: "127.0.0.1",
    },
    bundle: { digest: "b".repeat(64), archive: privateKeyFile },
    software: {
      digest: "a".repeat(64),
      packages: [{ name: "torch", version: "2.11.0", marker: null, hashes: ["0"] }],
    },
    ...more,
  });

const settled = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => void output.apply(resolve));

test("a node is four commands, in order, each named after it, the connection secret and its host key pinned", async () => {
  const made = node("a");
  const fingerprint = await settled(made.fingerprint);

  const own = registered.filter((entry) => entry.name.startsWith("a-"));
  expect(own.map((entry) => [entry.name, entry.type])).toEqual([
    ["a-facts", "command:remote:Command"],
    ["a-bundle", "command:remote:CopyToRemote"],
    ["a-environment", "command:remote:Command"],
    ["a-verification", "command:remote:Command"],
  ]);
  for (const { inputs } of own) {
    expect(inputs.connection["4dabf18193072939515e22adb298388d"]).toBe("1b47061264138c4ac30d75fd1eb44270");
    expect(inputs.connection.value).toMatchObject({
      host: "127.0.0.1",
      port: 2222,
      hostKey: "ssh-ed25519 AAAA",
      privateKey: "CANARY-PRIVATE-KEY",
    });
  }
  expect(fingerprint.installed.packages).toEqual({ torch: "2.11.0" });
  expect(await settled(made.python)).toBe("/opt/rocmark/a/environments/aaaaaaaaaaaaaaaa/bin/python");
  expect(await settled(made.driver)).toContain("no driver needed");
});

test("no command holds the key, and removal on destroy can be left to the fleet", async () => {
  const made = node("c", { removeOnDestroy: false });
  await settled(made.fingerprint);
  const facts = registered.find((entry) => entry.name === "c-facts");
  expect(facts?.inputs.delete).toBeUndefined();
  expect(registered.find((entry) => entry.name === "a-facts")?.inputs.delete).toContain("rm -rf");
  for (const { inputs } of registered) expect(String(inputs.create ?? "")).not.toContain("CANARY");
});
