import "./leanSdk.ts";
import "./failedResources.ts";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { LocalFleet } from "../components/fleet/localFleet.ts";
import { SshFleet } from "../components/fleet/sshFleet.ts";
import { lockDigest, parseLock } from "../components/node/lock.ts";
import { Node } from "../components/node/node.ts";
import { BenchmarkSuite } from "../components/training/benchmarkSuite.ts";
import { packBundle } from "../components/training/bundle.ts";
import { type ExperimentArgs, experimentSpec, TrainingRun } from "../components/training/trainingRun.ts";
import { nodeNames, parseStack, scenarioRecipe, unusedBundled } from "./config.ts";
import { prepareHosts } from "./hosts.ts";
import { paced } from "./paced.ts";
import { summarise } from "./summary.ts";
import { readStackValues } from "./values.ts";

const project = dirname(import.meta.dirname);
const work = join(project, ".rocmark");
const stack = pulumi.getStack();
const config = parseStack(readStackValues(), `stacks/Pulumi.${stack}.yaml`);

const bundle = await packBundle({
  from: join(project, "trainer"),
  into: join(work, "bundles"),
  without: unusedBundled(config),
});
const [lock, uvLock] = ["default.txt", "uv.txt"].map((file) =>
  readFileSync(join(project, "trainer", "locks", file), "utf8"),
);
const software = {
  packages: parseLock("trainer/locks/default.txt", lock ?? ""),
  digest: lockDigest(lock ?? "", uvLock ?? ""),
};

const prepared =
  config.target === "ssh"
    ? await prepareHosts(
        config,
        {
          project,
          own: software,
          uv: uvLock ?? "",
          readText: (path) => readFileSync(path, "utf8"),
          keyFingerprint: process.env.ROCMARK_REPOSITORY_KEY,
        },
        join(work, "facts", `${stack}.json`),
      )
    : null;

const fleet =
  config.target === "local"
    ? await LocalFleet.create("fleet", { ...config.nodes, directory: join(work, "fleets", stack) })
    : new SshFleet("fleet", { hosts: prepared?.hosts ?? [] });

const shared =
  fleet instanceof LocalFleet
    ? // The fleet removes its nodes' directories and environments itself, so teardown needs no node alive.
      { environments: fleet.environments, removeOnDestroy: false }
    : {};
const uvCache =
  process.env.UV_CACHE_DIR ??
  join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? "", ".cache"), "uv");

const makeNode = ({ name, address }: (typeof fleet.nodes)[number]) => {
  const pinned = prepared?.pinned.get(name);
  const node = new Node(
    name,
    {
      address,
      bundle,
      software,
      minFreeDiskGiB: config.software.minFreeDiskGiB,
      ...shared,
      ...(fleet instanceof LocalFleet ? { uvCache } : {}),
      ...(pinned ? { pinned } : {}),
    },
    { parent: fleet },
  );
  // Emulated nodes share one machine's cores; a host of its own uses what torch chooses.
  const threads =
    fleet instanceof LocalFleet
      ? node.facts.apply((facts) => Math.max(1, Math.floor(facts.cores / fleet.nodes.length)))
      : null;
  return { name, node, threads };
};
const nodes = await paced(fleet.nodes, makeNode, ({ node }) =>
  pulumi.runtime.isDryRun() ? node.verification : node,
);

const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { version: string };
const experiment: ExperimentArgs = {
  stack,
  experiment: config.experiment.name,
  seed: config.experiment.seed,
  arms: config.experiment.arms.map((arm) => ({
    ...arm,
    nodes: nodeNames(config).slice(0, arm.nodes),
  })),
  scenarios: config.experiment.scenarios.map(({ label, repeats, timeoutSeconds }) => ({
    name: "finetune",
    label,
    repeats,
    timeoutSeconds,
    config: scenarioRecipe(config, label),
  })),
  nodes,
  recordsDirectory: join(work, "records"),
  code: { version, bundle: bundle.digest },
  softwareDigest: prepared?.digest ?? software.digest,
};

// One after the other: two measurements at once on the same nodes would measure each other.
const measured: TrainingRun[] = [];
for (const scenario of experiment.scenarios) {
  const Kind = scenario.repeats > 1 ? BenchmarkSuite : TrainingRun;
  const arms = scenario.repeats > 1 ? [experiment.arms] : experiment.arms.map((arm) => [arm]);
  for (const group of arms) {
    const name = group.length === 1 ? `${scenario.label}-${group[0]?.name}` : scenario.label;
    const needed = new Set(group.flatMap((arm) => arm.nodes));
    const own = nodes.filter((node) => needed.has(node.name));
    // Hosts that it does not measure may fail. Emulated nodes share a machine, whose cores have to be its own by then.
    const before = fleet instanceof LocalFleet ? nodes : own;
    measured.push(
      new Kind(
        name,
        { ...experiment, nodes: own, arms: group, scenarios: [scenario] },
        { dependsOn: [...before.map(({ node }) => node), ...measured.slice(-1)] },
      ),
    );
  }
}

const summary = pulumi.all(nodes.map(({ name, node }) => summarise(name, node)));
const records = pulumi.all(measured.map((run) => run.records)).apply((lists) => lists.flat());
const fingerprints = summary.apply((list) =>
  Object.fromEntries(list.map(({ name, fingerprint }) => [name, fingerprint])),
);
const spec = experimentSpec(experiment);

export { fingerprints, records, spec as experiment, summary as nodes };
