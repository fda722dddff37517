import { createHash } from "node:crypto";
import { join } from "node:path";
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Node } from "../node/node.ts";
import { canonical } from "../node/verification.ts";
import { quote } from "../scripts/quote.ts";
import type { RecipeConfig } from "./trainerConfig.ts";

/** One configuration under comparison: which nodes train together, and by which recipe. */
export interface Arm {
  name: string;
  /** Names of its nodes, the first one is the master. */
  nodes: readonly string[];
  recipe: "walkthrough" | "fast";
  variant: string;
}

/** One thing to measure, and how often. */
export interface Scenario {
  name: "finetune" | "evaluate";
  /** Tells two scenarios of one kind apart: a record's experiment is `<experiment>/<label>`. */
  label: string;
  repeats: number;
  /** Seconds after which a run is ended and recorded as `timeout`. */
  timeoutSeconds: number;
  config: RecipeConfig;
}

/** What {@link TrainingRun} and BenchmarkSuite need: nodes that stand, and what to run on them. */
export interface ExperimentArgs {
  stack: string;
  /** The experiment's name. */
  experiment: string;
  /** Seed of the order in which arms take turns. */
  seed: number;
  arms: readonly Arm[];
  scenarios: readonly Scenario[];
  nodes: readonly { name: string; node: Node; threads: pulumi.Input<number | null> }[];
  /** Directory on this machine that keeps the records, also after `pulumi destroy`. */
  recordsDirectory: string;
  code: { version: string; bundle: string };
  softwareDigest: string;
}

/** What a run left, as `rocmark run --json` says it. */
export const summarySchema = z.object({
  records: z.array(
    z.object({
      id: z.string(),
      arm: z.string(),
      experiment: z.string(),
      outcome: z.string(),
      path: z.string(),
    }),
  ),
});

/** The experiment with the nodes it runs on, as `rocmark run --spec` reads it. No secret: keys are named by their file. */
export function experimentSpec(args: ExperimentArgs) {
  const nodes = pulumi.all(
    args.nodes.map(({ name, node, threads }) =>
      pulumi
        .all([node.address, node.python, node.bundle, node.fingerprint, threads, node.environments])
        .apply(([address, python, bundle, fingerprint, threads, environments]) => ({
          name,
          ...address,
          python,
          bundle,
          threads,
          fingerprint,
          ...(Object.keys(environments).length > 1 ? { environments } : {}),
        })),
    ),
  );
  return nodes.apply((nodes) => ({
    schema: 1,
    stack: args.stack,
    name: args.experiment,
    seed: args.seed,
    recordsDirectory: args.recordsDirectory,
    nodes,
    // Commit and state of the work tree are read when a run starts: here they would make every commit a new run.
    code: { ...args.code, commit: null, dirty: null },
    arms: args.arms,
    scenarios: args.scenarios,
  }));
}

/** sha256 over all that decides what a run computes: bundle, software, arms and scenarios; not where nodes are. */
export function runKey(args: Omit<ExperimentArgs, "nodes" | "recordsDirectory">): string {
  const { stack, experiment, seed, arms, scenarios, code, softwareDigest } = args;
  const parts = { stack, experiment, seed, arms, scenarios, bundle: code.bundle, softwareDigest };
  return createHash("sha256").update(canonical(parts)).digest("hex");
}

const cli = join(import.meta.dirname, "..", "..", "benchmarks", "cli.ts");

/** One fine-tune of one arm (or several) during `pulumi up`; runs again only when its key changes. Records stay on destroy. */
export class TrainingRun extends pulumi.ComponentResource {
  /** What the runs left: id, arm, experiment, outcome and path of each record. */
  readonly records: pulumi.Output<z.infer<typeof summarySchema>["records"]>;

  constructor(
    name: string,
    args: ExperimentArgs,
    opts?: pulumi.ComponentResourceOptions,
    type = "rocmark:training:TrainingRun",
  ) {
    super(type, name, {}, opts);
    const key = runKey(args);
    const run = new local.Command(
      `${name}-run`,
      {
        create: [process.execPath, cli, "run", "--spec", "-", "--json"].map(quote).join(" "),
        stdin: experimentSpec(args).apply((spec) => JSON.stringify(spec)),
        triggers: [key],
        logging: local.Logging.Stderr,
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    this.records = run.stdout.apply((text) => summarySchema.parse(JSON.parse(text)).records);
    this.registerOutputs({ key, records: this.records });
  }
}
