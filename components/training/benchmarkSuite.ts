import type * as pulumi from "@pulumi/pulumi";
import { type ExperimentArgs, TrainingRun } from "./trainingRun.ts";

/** All arms of an experiment measured in turns, each as often as its scenario says, in an interleaved, seeded order. */
export class BenchmarkSuite extends TrainingRun {
  constructor(name: string, args: ExperimentArgs, opts?: pulumi.ComponentResourceOptions) {
    super(name, args, opts, "rocmark:training:BenchmarkSuite");
  }
}
