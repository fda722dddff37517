import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { planRun } from "../../benchmarks/trainerConfig.ts";
import { localExperiment, temporaryDirectory } from "./executors/localNodes.ts";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true }));

test("an arm runs in the Python of its variant, and its records have the variant's fingerprint", () => {
  const experiment = localExperiment(directory);
  const [node] = experiment.nodes;
  const [arm] = experiment.arms;
  const [scenario] = experiment.scenarios;
  if (!node || !arm || !scenario) throw new Error("the experiment has one of each");
  const other = {
    python: "/opt/older/bin/python",
    fingerprint: { ...node.fingerprint, digest: "1".repeat(64) },
  };
  const environments = { default: { python: node.python, fingerprint: node.fingerprint }, older: other };
  const both = { ...experiment, nodes: [{ ...node, environments }] };
  const planned = (variant: string) =>
    planRun(
      both,
      { arm: { ...arm, nodes: [node.name], variant }, scenario, repeat: 0 },
      "20260101T000000-00000000",
    );

  expect(planned("older").nodes[0]?.python).toBe("/opt/older/bin/python");
  expect(planned("older").config.fingerprints).toEqual([other.fingerprint]);
  expect(planned("default").nodes[0]?.python).toBe(node.python);
});
