import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parse } from "yaml";
import { KnownFacts } from "../../components/node/knownFacts.ts";
import { parseStack } from "../../stacks/config.ts";
import { describeStack } from "../../stacks/describe.ts";
import { readyFacts } from "../components/node/samples.ts";

const directory = mkdtempSync(join(tmpdir(), "rocmark-describe-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const host = {
  name: "gpu-a",
  address: "192.0.2.7",
  user: "ubuntu",
  hostKey,
  privateKeyFile: "/home/me/.ssh/id",
};
const finetune = parse(readStack("local"))["rocmark:finetune"];

function readStack(name: string): string {
  const file = join(import.meta.dirname, `../../stacks/Pulumi.${name}.yaml`);
  return JSON.stringify(parse(readFileSync(file, "utf8")).config);
}

const config = (software: object, facts?: object) =>
  parseStack(
    {
      target: "ssh",
      nodes: { hosts: [{ ...host, ...(facts ? { facts } : {}) }] },
      software,
      finetune,
      experiment: {
        name: "one",
        seed: 7,
        arms: [{ name: "alone", nodes: 1 }],
        scenarios: [{ label: "timing", repeats: 2, overrides: { training: { maxSteps: 3 } } }],
      },
    },
    "the test",
    () => true,
  );

const knownOf = (name: string, key = hostKey): KnownFacts => {
  const known = new KnownFacts(join(directory, `${name}.json`));
  const identity = { host: host.address, port: 22, hostKey: key };
  known.put({
    "gpu-a": {
      ...identity,
      facts: readyFacts,
      readAt: "2026-11-25T00:00:00Z",
      verifiedFor: null,
      open: false,
    },
  });
  return known;
};
const nothing = new KnownFacts(join(directory, "none.json"));

test("a stack without pins asks the version matrix nothing", () => {
  expect(describeStack(config({}), nothing).versions).toBeNull();
});

test("a node that was asked before is known by what it said, one that was not by what the stack states", () => {
  const pinned = config({ rocm: "7.1.1" }, { os: "ubuntu", kernel: "5.15.0-1-generic" });
  const facts = (known: KnownFacts) => describeStack(pinned, known).versions?.nodes[0]?.facts;
  expect(facts(nothing)).toEqual({ os: "ubuntu", kernel: "5.15.0-1-generic" });
  expect(facts(knownOf("asked"))).toMatchObject({ kernel: "6.8.0-60-generic", osVersion: "24.04.3" });
  // Another machine behind the same name is none of it.
  expect(facts(knownOf("other", `${hostKey.slice(0, -1)}B`))).toEqual({
    os: "ubuntu",
    kernel: "5.15.0-1-generic",
  });
});

test("arms have their nodes by name, and a scenario its own fine-tune", () => {
  const { experiment } = describeStack(config({}), nothing);
  expect(experiment.arms).toEqual([
    { name: "alone", nodes: ["gpu-a"], recipe: "walkthrough", variant: "default" },
  ]);
  expect(experiment.scenarios[0]?.config.training.maxSteps).toBe(3);
});
