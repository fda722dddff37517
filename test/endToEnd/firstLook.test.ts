import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseRecord } from "../../benchmarks/parseRecord.ts";
import { type Checkout, cloneCheckout } from "./checkout.ts";

let checkout: Checkout;
beforeAll(() => {
  checkout = cloneCheckout();
});
afterAll(async () => {
  await checkout.run("npx", "pulumi", "destroy", "--yes", "--stack", "local");
  checkout.remove();
});

const output = async <T>(key: string): Promise<T> => {
  const { code, stdout } = await checkout.run(
    "npx",
    "pulumi",
    "stack",
    "output",
    "--json",
    "--stack",
    "local",
  );
  expect(code).toBe(0);
  return (JSON.parse(stdout) as Record<string, T>)[key] as T;
};
const records = () => join(checkout.directory, ".rocmark", "records");
const recordFiles = () =>
  readdirSync(records())
    .filter((name) => name.endsWith(".json"))
    .sort();

test("npm start on a fresh clone ends with a verdict on time and one on accuracy, each with its interval", async () => {
  const { code, stdout, seconds } = await checkout.run("npm", "start");
  expect(code).toBe(0);
  const interval = String.raw`95 % interval \[[^\]]+\]`;
  expect(stdout).toMatch(
    new RegExp(`^time: (faster|slower|no difference found|equivalent).*${interval}.*5 and 5 runs`, "m"),
  );
  expect(stdout).toMatch(
    new RegExp(`^accuracy, two-nodes against one-node: (equivalent|no difference found).*${interval}`, "m"),
  );
  console.log(`npm start took ${seconds.toFixed(0)} s`);
});

test("the stack lists two nodes with their fingerprints, and every record it names is valid", async () => {
  const nodes = await output<{ name: string; fingerprint: string }[]>("nodes");
  expect(nodes.map((node) => node.name)).toEqual(["node-0", "node-1"]);
  for (const node of nodes) expect(node.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  const listed = await output<{ id: string; outcome: string; path: string }[]>("records");
  expect(listed.length).toBe(12);
  for (const { id, path } of listed) {
    const record = parseRecord(readFileSync(path, "utf8"), path);
    expect(record.id).toBe(id);
    expect(record.outcome).toBe("ok");
  }
});

test("the fine-tune learned: at least 20 points over the untuned model, for each arm", () => {
  const full = recordFiles()
    .map((name) => parseRecord(readFileSync(join(records(), name), "utf8"), name))
    .filter((record) => record.evaluation !== null);
  expect(full.map((record) => record.arm).sort()).toEqual(["one-node", "two-nodes"]);
  for (const { evaluation } of full) {
    const share = (list: readonly { gold: number; predicted: number }[]) =>
      list.filter((question) => question.predicted === question.gold).length / list.length;
    expect(share(evaluation?.tuned ?? []) - share(evaluation?.untuned ?? [])).toBeGreaterThanOrEqual(0.2);
  }
});

test("npm start again changes nothing and runs nothing", async () => {
  const before = recordFiles();
  const { code, seconds } = await checkout.run("npm", "start");
  expect(code).toBe(0);
  expect(recordFiles()).toEqual(before);
  console.log(`npm start again took ${seconds.toFixed(1)} s`);
});

test("no secret lies in the exported state", async () => {
  const { stdout } = await checkout.run("npx", "pulumi", "stack", "export", "--stack", "local");
  const key = readFileSync(
    join(checkout.directory, ".rocmark", "fleets", "local", "keys", "id_ed25519"),
    "utf8",
  );
  const body = key.split("\n")[2] ?? "";
  expect(body.length).toBeGreaterThan(30);
  expect(stdout).toContain("rocmark:node:Node");
  expect(stdout).not.toContain(body);
  expect(stdout).not.toContain("OPENSSH PRIVATE KEY");
});

test("pulumi destroy leaves no process and no directory of a node; records stay", async () => {
  const before = recordFiles();
  const { code } = await checkout.run("npx", "pulumi", "destroy", "--yes", "--stack", "local");
  expect(code).toBe(0);
  expect(existsSync(join(checkout.directory, ".rocmark", "fleets", "local"))).toBe(false);
  // The plugin may take a moment to leave after the engine has said that it is done.
  const left = () =>
    execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line.includes(checkout.directory));
  for (let waited = 0; waited < 20 && left().length > 0; waited++) await sleep(500);
  expect(left()).toEqual([]);
  expect(recordFiles()).toEqual(before);
});
