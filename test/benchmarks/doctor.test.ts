import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseFacts } from "../../components/node/facts.ts";
import { renderFacts } from "../../components/scripts/factsScript.ts";
import { temporaryDirectory } from "./executors/localNodes.ts";
import { rocmarkIn } from "./runRocmark.ts";

const project = join(import.meta.dirname, "..", "..");
const emulated = join(project, "components", "fleet", "emulated", "main.ts");
const directory = temporaryDirectory();
const rocmark = rocmarkIn(directory);
const names = ["node-0", "node-1"];

interface Place {
  host: string;
  port: number;
  user: string;
  hostKey: string;
  root: string;
}
let places: Place[];

const installed = {
  python: "3.12.3",
  packages: { torch: "2.11.0", numpy: "2.4.6" },
  torch: { version: "2.11.0+cu128", hip: null, cuda: "12.8", device: null },
};
const fine = { checks: [{ device: "cpu", ok: true, copyGBs: 9.5 }] };

// Two real SSH servers with host keys of their own; an environment's Python that says what its files say of it.
beforeAll(() => {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, "key")]);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, "other")]);
  mkdirSync(join(directory, "nodes"));
  places = names.map((name) => {
    const words = [
      "ensure",
      "--name",
      name,
      "--directory",
      join(directory, "nodes", name),
      "--lifetime-hours",
      "1",
    ];
    const key = ["--authorized-key-file", join(directory, "key.pub")];
    return JSON.parse(execFileSync(process.execPath, [emulated, ...words, ...key], { encoding: "utf8" }));
  });
});
afterAll(() => {
  for (const name of names)
    execFileSync(process.execPath, [emulated, "stop", "--directory", join(directory, "nodes", name)]);
  rmSync(directory, { recursive: true, force: true });
});

const folderOf = (name: string) => join(directory, `environment of ${name}`);

function say(name: string, probe: unknown, fitness: unknown): void {
  writeFileSync(join(folderOf(name), "probe.json"), JSON.stringify(probe));
  writeFileSync(join(folderOf(name), "fitness.json"), JSON.stringify(fitness));
}

beforeEach(() => {
  for (const name of names) {
    mkdirSync(folderOf(name), { recursive: true });
    const script = `#!/bin/sh
case $1 in
-c) exec python3 "$@" ;;
-) cat > /dev/null; cat '${folderOf(name)}/probe.json' ;;
-m) cat '${folderOf(name)}/fitness.json' ;;
esac
`;
    writeFileSync(join(folderOf(name), "python"), script);
    chmodSync(join(folderOf(name), "python"), 0o755);
    say(name, installed, fine);
  }
});

/** What the nodes' stack would have among its outputs, changed node by node. */
function writeSpec(changes: Readonly<Record<string, object>> = {}): string {
  const facts = parseFacts(
    "here",
    execFileSync("sh", ["-s"], { input: renderFacts({ root: null }), encoding: "utf8" }),
  );
  const nodes = names.map((name, i) => ({
    name,
    host: places[i]?.host,
    port: places[i]?.port,
    user: places[i]?.user,
    hostKey: places[i]?.hostKey,
    root: places[i]?.root,
    privateKeyFile: join(directory, "key"),
    python: join(folderOf(name), "python"),
    bundle: directory,
    peerAddress: "127.0.0.1",
    threads: 1,
    fingerprint: { node: name, digest: "0".repeat(64), facts, installed },
    ...changes[name],
  }));
  const experiment = {
    schema: 1,
    stack: "local",
    name: "first-look",
    seed: 7,
    recordsDirectory: join(directory, "records"),
    nodes,
    code: { version: "0.1.0", commit: null, dirty: null, bundle: null },
    arms: [{ name: "one-node", nodes: ["node-0"], recipe: "walkthrough", variant: "default" }],
    scenarios: [{ name: "finetune", label: "timing", repeats: 1, timeoutSeconds: 20, config: {} }],
  };
  const file = join(directory, "spec.json");
  writeFileSync(file, JSON.stringify(experiment));
  return file;
}

test("nodes that are as they were verified end with 0, each item with what was expected and found", async () => {
  const { code, stdout, stderr } = await rocmark("doctor", "--spec", writeSpec());
  expect(code).toBe(0);
  expect(stdout).toMatch(/^node-0: fit: as it was verified, and every device computes rightly\n/);
  expect(stdout).toMatch(/torch +2\.11\.0\+cu128 \(CUDA 12\.8\) +2\.11\.0\+cu128 \(CUDA 12\.8\)\n/);
  expect(stdout).toMatch(
    /check of cpu +computes and copies rightly +computes and copies rightly, 9\.5 GB\/s\n/,
  );
  expect(stdout).toMatch(/2 of 2 nodes are fit\.\n$/);
  expect(stderr).toMatch(/looking at 2 nodes[\s\S]*node-1: fit \(\d+\.\d s\)/);
});

describe("exit code 1, and the other node is still reported, when a node", () => {
  async function fails(spec: string, problem: RegExp, state = "drift") {
    const { code, stdout, stderr } = await rocmark("doctor", "--spec", spec, "--json");
    expect(code).toBe(1);
    const { nodes } = JSON.parse(stdout);
    expect(nodes.map((one: { node: string; state: string }) => [one.node, one.state])).toEqual([
      ["node-0", "fit"],
      ["node-1", state],
    ]);
    expect(nodes[1].problems.length).toBe(1);
    expect(nodes[1].problems[0]).toMatch(problem);
    expect(stderr).not.toContain("    at ");
  }

  test("has another version of a package", async () => {
    say("node-1", { ...installed, packages: { ...installed.packages, numpy: "2.5.0" } }, fine);
    await fails(writeSpec(), /^numpy: wanted 2\.4\.6, found 2\.5\.0; /);
    const { code, stdout } = await rocmark("doctor", "--spec", writeSpec());
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /\nnode-1: not as it was verified, or not fit\n[\s\S]*\n {2}- numpy: wanted 2\.4\.6, found 2\.5\.0; .*\n/,
    );
    expect(stdout).toMatch(/1 of 2 nodes are fit\.\n$/);
  });

  test("has a device that computes wrongly", async () => {
    say("node-1", installed, { checks: [{ device: "cpu", ok: false, errorInEpsilons: { fp16: 900 } }] });
    await fails(
      writeSpec(),
      /^functional check on cpu: wanted right results, found .*900.*; this device is not fit/,
    );
  });

  test("has lost its environment", async () => {
    rmSync(folderOf("node-1"), { recursive: true });
    await fails(
      writeSpec(),
      /Its inspection ended with 12[67]: .*No such file.*npx pulumi refresh and npx pulumi up/,
      "unknown",
    );
  });

  test("does not answer", async () => {
    await fails(writeSpec({ "node-1": { port: 1 } }), /refused or reset the connection/, "unknown");
  });

  test("has another host key than the one that is pinned", async () => {
    const [type, key] = readFileSync(join(directory, "other.pub"), "utf8").split(" ");
    await fails(
      writeSpec({ "node-1": { hostKey: `${type} ${key}` } }),
      /The host key of .* is not the expected one: expected .*, found /,
      "unknown",
    );
  });

  test("cannot be logged into, because the key is not there", async () => {
    await fails(
      writeSpec({ "node-1": { privateKeyFile: "/nowhere/key" } }),
      /privateKeyFile \/nowhere\/key cannot be read/,
      "unknown",
    );
  });

  test("measures, which the check of its devices would disturb", async () => {
    const runs = join(places[1]?.root ?? "", "runs");
    mkdirSync(runs, { recursive: true });
    writeFileSync(
      join(runs, ".lock"),
      `${Math.floor(Date.now() / 1000) + 600}\nsomebody@elsewhere process 1 x\n`,
    );
    await fails(writeSpec(), /^measuring for somebody@elsewhere/, "busy");
    rmSync(join(runs, ".lock"));
  });
});

describe("bad input ends with 2 and one line:", () => {
  test.each<[string[], string | RegExp]>([
    [["--spec", "/nowhere.json"], "--spec /nowhere.json cannot be read"],
    [["--spec", "x", "--stack", "y"], "--spec and --stack each name the nodes: give one of them."],
    [["--stack"], "--stack needs a value"],
    [["somewhere"], 'One word too many: "somewhere"'],
  ])("%j", async (words, message) => {
    const { code, stdout, stderr } = await rocmark("doctor", ...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n").length).toBe(1);
  });
});

const pulumiHome = process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");

test.skipIf(!existsSync(join(pulumiHome, "versions")))(
  "a stack that is not deployed ends with 2 and names the command (skipped where no engine was got yet)",
  async () => {
    const { code, stdout, stderr } = await rocmarkIn(directory, { PULUMI_HOME: pulumiHome })(
      "doctor",
      "--stack",
      "not-deployed",
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      /Stack "not-deployed" gives no output: .*npx pulumi up --stack not-deployed, first\.\n$/,
    );
  },
);

test("outputs that do not say what was verified are refused with the key", async () => {
  const fingerprint = { node: "node-1", digest: "0".repeat(64), facts: {}, installed: {} };
  const { code, stdout, stderr } = await rocmark(
    "doctor",
    "--spec",
    writeSpec({ "node-1": { fingerprint } }),
  );
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/nodes\[1\]\.fingerprint\.facts/);
  expect(stderr).toContain("Run npx pulumi up once more.");
});
