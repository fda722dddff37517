import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingOpenSsh, type OpenSsh, startOpenSsh } from "../lab/openssh.ts";
import type { Case } from "./cases/case.ts";
import { checks } from "./cases/checks.ts";
import { copies } from "./cases/copies.ts";
import { diffs } from "./cases/diffs.ts";
import { locals } from "./cases/locals.ts";
import { remotes } from "./cases/remotes.ts";
import { differences } from "./differences.ts";
import { type Plugin, startPlugin } from "./plugin.ts";

const onNode = new Set<Case>([...remotes, ...copies]);
const cases: Case[] = [...checks, ...diffs, ...locals, ...onNode];

/** The official plugin's binary, to compare with. */
const official = process.env.ROCMARK_OFFICIAL_COMMAND_PLUGIN;
if (missingOpenSsh) console.warn(`Cases on a node are skipped, because ${missingOpenSsh}.`);
if (!official)
  console.warn("Only our plugin is asked: ROCMARK_OFFICIAL_COMMAND_PLUGIN names no official one.");

let sshd: OpenSsh | undefined;
beforeAll(async () => {
  if (!missingOpenSsh) sshd = await startOpenSsh();
});
afterAll(() => sshd?.stop());

describe.each([
  { name: "ours", binary: resolve(import.meta.dirname, "../../provider/pulumi-resource-command") },
  ...(official ? [{ name: "official", binary: official }] : []),
] as const)("$name", ({ name, binary }) => {
  let plugin: Plugin;
  const started: Plugin[] = [];
  const start = async (environment: NodeJS.ProcessEnv) => {
    // Only what a case gives decides: not the agent, not the switches of whoever runs the tests.
    const neutral = {
      SSH_AUTH_SOCK: "",
      PULUMI_COMMAND_DELETE_UNREACHABLE: "",
      PULUMI_COMMAND_DELETE_COPIED_FILES: "",
    };
    const one = await startPlugin(binary, { ...neutral, ...environment });
    started.push(one);
    return one;
  };
  beforeAll(async () => {
    plugin = await start({});
  });
  afterAll(async () => {
    for (const one of started) await one.stop();
  });

  test.each(missingOpenSsh ? cases.filter((one) => !onNode.has(one)) : cases)("$title", async (one) => {
    const { run, expected, differs } = one;
    const directory = mkdtempSync(join(tmpdir(), "rocmark-conformance-"));
    plugin.log.length = 0;
    try {
      const lab = {
        plugin,
        startWith: start,
        directory,
        sshd: sshd as OpenSsh,
        connection: connectionTo(sshd),
      };
      const wanted = differs ? differs[name as "ours" | "official"] : expected;
      expect(await run(lab)).toEqual(wanted);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

const connectionTo = (server: OpenSsh | undefined) => ({
  host: "127.0.0.1",
  port: server?.port,
  user: server?.user,
  privateKey: server?.privateKey,
  hostKey: server?.hostKey,
  dialErrorLimit: 3,
  perDialTimeout: 15,
});

test("every deliberate difference has a reason and a case, and every case's difference is listed", () => {
  const shown = new Set(cases.flatMap(({ differs }) => differs?.why ?? []));
  expect([...shown].sort()).toEqual(Object.keys(differences).sort());
});
