import { createHash } from "node:crypto";
import type { Client } from "ssh2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeGeneration } from "../../../../components/fleet/emulated/generation.ts";
import { type Address, execute, isRunning, NodeLab, open } from "../../../lab/emulatedNode.ts";

let lab: NodeLab;
let address: Address;
let client: Client;

beforeEach(async () => {
  lab = new NodeLab();
  address = await lab.ensure("a");
  client = await lab.connect(address);
  client.on("error", () => {});
});

afterEach(async () => {
  expect(await lab.dispose()).toEqual([]);
});

test("a suspended server counts as running, and ensure replaces one that does not wake up", async () => {
  process.kill(address.pid, "SIGSTOP");
  expect(await nodeGeneration(lab.path("a"))).toBe(1);
  const second = await lab.ensure("a");
  expect(second).toEqual({ ...address, pid: second.pid, generation: 2 });
  expect(isRunning(address.pid)).toBe(false);
});

test("16 nodes start at once, each with an address and a key of its own", async () => {
  const names = Array.from({ length: 16 }, (_, index) => `node-${index}`);
  const nodes = await Promise.all(names.map((name) => lab.ensure(name)));
  expect(new Set(nodes.map(({ port }) => port)).size).toBe(16);
  expect(new Set(nodes.map(({ hostKey }) => hostKey)).size).toBe(16);
  const answers = await Promise.all(nodes.map(async (node) => execute(await lab.connect(node), "pwd")));
  expect(answers.map(({ stdout }) => stdout.toString())).toEqual(nodes.map(({ root }) => `${root}\n`));
});

test("100 MB go in and come out unchanged", async () => {
  const block = Buffer.from(Array.from({ length: 1 << 20 }, (_, index) => (index * 7) % 251));
  const sent = createHash("sha256");
  const received = createHash("sha256");
  const channel = await open(client, "cat");
  channel.on("data", (chunk: Buffer) => received.update(chunk));
  const closed = new Promise((resolve) => channel.once("close", resolve));
  for (let count = 0; count < 100; count++) {
    sent.update(block);
    if (!channel.write(block)) await new Promise((resolve) => channel.once("drain", resolve));
  }
  channel.end();
  await closed;
  expect(received.digest("hex")).toBe(sent.digest("hex"));
});

test("a client that reads nothing makes the command wait, and the node's memory stays small", async () => {
  const channel = await open(client, "head -c 200000000 /dev/zero; echo $?");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const { stdout } = await execute(await lab.connect(address), `ps -o rss= -p ${address.pid}`);
  expect(Number(stdout)).toBeLessThan(250_000); // KiB; the output alone would be 195,000 more
  channel.close();
});
