import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Facts } from "../../../components/node/facts.ts";
import { KnownFacts } from "../../../components/node/knownFacts.ts";
import {
  type PreflightArgs,
  type PreflightHost,
  pinsDigest,
  preflight,
} from "../../../components/node/preflight.ts";
import { bareFacts, pins, readyFacts } from "./samples.ts";

let home: string;
let file: string;
let asked: string[][];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "rocmark-known-"));
  file = join(home, "facts", "dev.json");
  asked = [];
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const host = (name: string, change: Partial<PreflightHost> = {}): PreflightHost => ({
  name,
  stated: null,
  address: {
    host: `${name}.example.net`,
    port: 22,
    user: "ubuntu",
    hostKey: `ssh-ed25519 ${name}`,
    privateKeyFile: "/key",
    root: "/opt/rocmark/node",
    peerAddress: name,
  },
  ...change,
});

/** One run of the program: a preview or an update, in which hosts say what {@link says} has of them. */
async function run(
  isPreview: boolean,
  change: Partial<PreflightArgs> = {},
  says: Record<string, Facts | string> = {},
) {
  const known = new KnownFacts(file);
  const args = { hosts: [host("a"), host("b")], pins: pins(), known, isPreview, ...change };
  const found = await preflight({
    ...args,
    read: async (hosts) => {
      asked.push(hosts.map(({ name }) => name));
      return hosts.map(({ name }) => {
        const said = says[name] ?? bareFacts;
        return typeof said === "string" ? { name, reason: said } : { name, facts: said };
      });
    },
  });
  return {
    ...found,
    /** The run ends well: each host was verified. */
    end: (...names: string[]) => {
      for (const name of names) found.onVerified(name, readyFacts);
      known.save();
    },
  };
}

test("a preview asks hosts, the update after it does not ask again, and once verified nobody is asked", async () => {
  const preview = await run(true);
  const update = await run(false);
  expect(update.readAt).toEqual(preview.readAt);
  update.end("a", "b");
  const again = await run(true);
  (await run(false)).end("a", "b");
  await run(true);
  expect(asked).toEqual([["a", "b"]]);
  expect(again.readAt).toEqual(preview.readAt);
});

test("after an update that did not end well for a host, that host is asked again, and only that one", async () => {
  await run(true);
  const first = await run(false);
  first.end("a");
  await run(true);
  expect(asked).toEqual([["a", "b"], ["b"]]);
  // An update without a preview before it asks as well.
  await run(false);
  await run(false);
  expect(asked).toEqual([["a", "b"], ["b"], ["a", "b"]]);
});

test("other pins ask all hosts again", async () => {
  (await run(false)).end("a", "b");
  const { readAt } = await run(true, {
    pins: pins({
      request: { driver: "30.20.1", rocm: "7.1.1", pytorch: "2.10.0+rocm7.1", packages: ["rccl"] },
    }),
  });
  expect(asked).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
  expect(readAt.size).toBe(2);
});

test("a host whose key is another one is another host", async () => {
  (await run(false)).end("a", "b");
  const moved = host("a", { address: { ...host("a").address, hostKey: "ssh-ed25519 new" } });
  await run(true, { hosts: [moved, host("b")] });
  expect(asked).toEqual([["a", "b"], ["a"]]);
});

test("hosts that cannot be asked are named with their reasons and the way out, all at once", async () => {
  await expect(run(true, {}, { a: "refused the connection", b: "is not known" })).rejects.toThrow(
    /- a: refused the connection\n {2}- b: is not known\n.*say what you know of them under facts of their hosts/,
  );
  expect(existsSync(file)).toBe(false);
});

const stated = {
  os: "ubuntu",
  osVersion: "24.04.3",
  kernel: "6.8.0-60-generic",
  gpuModel: "MI300X",
  secureBoot: "off" as const,
  virtualisation: "none" as const,
  amdgpuDriver: null,
  amdgpuPackage: null,
  python: "3.12.3",
};

test("a host of which the stack states enough is not asked", async () => {
  await run(true, { hosts: [host("a", { stated }), host("b", { stated })] });
  expect(asked).toEqual([]);
});

test("what is stated is not believed against a refusal: the host itself has the last word", async () => {
  const wrong = { ...stated, secureBoot: "enforcing" as const };
  await run(true, { hosts: [host("a", { stated: wrong })] });
  expect(asked).toEqual([["a"]]);
  await expect(
    run(true, { hosts: [host("a", { stated })] }, { a: { ...bareFacts, secureBoot: "enforcing" } }),
  ).resolves.toBeDefined();
  await expect(run(true, { hosts: [host("a", { stated: wrong })] }, { a: "is off" })).rejects.toThrow(
    "secure boot",
  );
});

test("what was read once is not believed against a refusal either: a kernel may have been changed since", async () => {
  (await run(false, {}, {})).end("a", "b");
  const text = readFileSync(file, "utf8")
    .replaceAll("6.8.0-60-generic", "6.17.0-10-generic")
    .replaceAll('"6.16.6"', '"6.1.1"')
    .replaceAll("1:6.16.6.30200100", "1:6.1.1.60000");
  writeFileSync(file, text);
  await run(true);
  expect(asked).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
});

test("a refusal touches nothing, not even what is known", async () => {
  await expect(run(true, {}, { a: { ...bareFacts, secureBoot: "enforcing" } })).rejects.toThrow(
    "secure boot",
  );
  expect(existsSync(file)).toBe(false);
});

test.each([
  ["no JSON", "{"],
  ["another schema", '{"schema":2,"hosts":{}}'],
  ["nothing", ""],
])("a file of known facts with %s in it is as good as none", async (_title, text) => {
  (await run(false)).end("a", "b");
  writeFileSync(file, text);
  await run(true);
  expect(asked).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
});

test("what identifies the pins changes with a lock, and not with what only says how far rocmark may go", () => {
  const other = pins();
  expect(pinsDigest({ ...other, removeOnDestroy: true, kernelUpdates: "report" })).toBe(pinsDigest(other));
  const [environment] = other.environments;
  if (environment === undefined) throw new Error("no environment");
  expect(pinsDigest({ ...other, environments: [{ ...environment, digest: "b".repeat(64) }] })).not.toBe(
    pinsDigest(other),
  );
});
