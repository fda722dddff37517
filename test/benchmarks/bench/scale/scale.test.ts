import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseProcesses, residentKiB } from "../../../../benchmarks/bench/scale/peakMemory.ts";
import { lockText, renderHosts, renderStackFile } from "../../../../benchmarks/bench/scale/stackFile.ts";
import { summarise } from "../../../../benchmarks/bench/scale/summarise.ts";
import { parseLock } from "../../../../components/node/lock.ts";
import { makeKeyPair } from "../../../../ssh/keyPair.ts";
import { parseStack } from "../../../../stacks/config.ts";
import { withHostsFile } from "../../../../stacks/hostsFile.ts";

const committed = readFileSync(resolve(import.meta.dirname, "../../../../stacks/Pulumi.ssh.yaml"), "utf8");

test("the stack file is one that the stack program takes, with as many nodes as asked for", () => {
  const hosts = renderHosts(3, {
    address: "127.0.0.1",
    port: 2222,
    hostKey: makeKeyPair().publicKey,
    privateKeyFile: "/k",
  });
  const file = renderStackFile(committed, { hostsFile: "/hosts.json", lockFile: "/lock.txt" });
  const values = Object.entries(parse(file).config).map(([key, value]) => [
    key.replace("rocmark:", ""),
    value,
  ]);
  const stack = parseStack(
    withHostsFile(Object.fromEntries(values), () => hosts),
    "Pulumi.bench.yaml",
    () => true,
  );
  expect(stack.target).toBe("ssh");
  expect(stack.software.pytorch).toMatch(/\+rocm/);
  expect("hosts" in stack.nodes && stack.nodes.hosts.map(({ name }) => name)).toEqual([
    "node-0",
    "node-1",
    "node-2",
  ]);
});

test("the lock holds the pinned PyTorch", () => {
  expect(parseLock("lock.txt", lockText)).toMatchObject([{ name: "torch", version: "2.10.0+rocm7.1" }]);
});

test("memory is that of a process and all below it, and of nobody else", () => {
  const listing =
    "    1     0   100\n   10     1    20\n   11    10     3\n   12    11     4\n   99     1  5000\n";
  expect(residentKiB(parseProcesses(listing), 10)).toBe(27);
});

const previews = (nodes: number) =>
  new Map([[nodes, [2, 9, 4].map((seconds) => ({ seconds, peakMiB: 100 * seconds, resources: 12 }))]]);

test("the figures are medians of the previews of 1,000 nodes", () => {
  const { figures, raw } = summarise(previews(1000), 0);
  expect(figures).toEqual({ secondsPreview1000: 4, peakMiB: 400 });
  expect(raw.previews).toEqual([
    { nodes: 1000, resources: 12, seconds: [2, 9, 4], peakMiB: [200, 900, 400] },
  ]);
});

test.each([
  [previews(300), 0, "1000 nodes were not previewed"],
  [previews(1000), 2, "2 connections were opened, and a preview of nodes with stated facts needs none"],
])("without them, or when a node was asked, there is a reason instead (%#)", (found, callers, reason) => {
  const { figures, raw } = summarise(found, callers);
  expect(figures).toEqual({ secondsPreview1000: null, peakMiB: null });
  expect(raw.reasons).toEqual({ secondsPreview1000: reason, peakMiB: reason });
});
