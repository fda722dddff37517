import { defineCommand } from "citty";
import { RocmarkError, refusal } from "../errors.ts";
import type { Experiment } from "../experiment.ts";
import type { Measured } from "../measure.ts";
import { seconds } from "../report/words.ts";
import type { ScheduledRun } from "../schedule.ts";
import { recordsArgs, specArgs } from "./place.ts";

export default defineCommand({
  meta: {
    name: "run",
    description: "Measure: every arm in turns on the nodes that stand; each run leaves a record",
  },
  args: {
    ...specArgs,
    scenario: { type: "string", description: "only the scenario with this label", valueHint: "LABEL" },
    arm: { type: "string", description: "only these arms, separated by commas", valueHint: "NAME,..." },
    repeats: { type: "string", description: "repeats instead of the experiment's own", valueHint: "N" },
    json: recordsArgs.json,
  },
  async run({ args }) {
    const { readExperiment } = await import("./readExperiment.ts");
    const experiment = narrow(await readExperiment(args), args);
    const [{ readCode }, { sshDialer }, { measure }] = await Promise.all([
      import("../code.ts"),
      import("../executors/connection.ts"),
      import("../measure.ts"),
    ]);
    const signal = interruption();
    const dialer = sshDialer();
    const measured = await measure(
      { ...experiment, code: await readCode(experiment.code) },
      { dialer, signal, ...progress() },
    ).finally(() => dialer.close());
    const records = measured.map(({ record, path }) => ({
      id: record.id,
      arm: record.arm,
      experiment: record.experiment,
      outcome: record.outcome,
      path,
      seconds: record.phases.total,
      trainSeconds: record.phases.train ?? null,
    }));
    if (args.json) process.stdout.write(`${JSON.stringify({ records })}\n`);
    const numFailed = measured.filter(({ record }) => record.outcome !== "ok").length;
    if (numFailed === 0) return;
    process.stderr.write(`${numFailed} of ${measured.length} runs did not end ok; their records say why\n`);
    process.exitCode = 1;
  },
});

/** Aborts on Ctrl-C and on a request to end. A second one ends the process at once, remote runs or not. */
function interruption(): AbortSignal {
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      process.stderr.write(`${signal}: ending the runs on the nodes; once more ends only this process\n`);
      abort.abort(
        new RocmarkError("E_INTERRUPTED", `Interrupted by ${signal}. What was measured before is kept.`),
      );
    });
  return abort.signal;
}

/** Progress for people, on stderr. */
function progress() {
  const say = (text: string) => process.stderr.write(`${text}\n`);
  let prefix = "";
  return {
    onRun({ arm, scenario, repeat }: ScheduledRun, at: number, of: number) {
      prefix = `  ${arm.name} | `;
      say(`run ${at} of ${of}: ${arm.name}, ${scenario.label}, repeat ${repeat + 1} of ${scenario.repeats}`);
    },
    onProgress: (line: string) => say(`${prefix}${line}`),
    onMeasured({ record }: Measured) {
      const why = record.error === null ? "" : `  ${record.error.code}: ${record.error.message}`;
      say(`  ${record.id}  ${record.outcome}  train ${seconds(record.phases.train ?? null)}${why}`);
    },
  };
}

/** The part of an experiment that the options ask for. */
function narrow(
  experiment: Experiment,
  options: { scenario?: string | undefined; arm?: string | undefined; repeats?: string | undefined },
): Experiment {
  const { scenario, repeats } = options;
  const scenarios = experiment.scenarios.filter(({ label }) => scenario === undefined || label === scenario);
  if (scenarios.length === 0)
    throw refusal(
      "E_SCENARIO",
      `--scenario ${scenario}: the experiment has ${experiment.scenarios.map(({ label }) => label).join(", ")}.`,
    );
  const wanted = options.arm?.split(",");
  const unknown = wanted?.find((name) => !experiment.arms.some((arm) => arm.name === name));
  if (unknown !== undefined)
    throw refusal(
      "E_ARM",
      `--arm ${unknown}: the experiment has ${experiment.arms.map(({ name }) => name).join(", ")}.`,
    );
  const arms = experiment.arms.filter(({ name }) => wanted === undefined || wanted.includes(name));
  if (repeats === undefined) return { ...experiment, arms, scenarios };
  const number = Number(repeats);
  if (!Number.isSafeInteger(number) || number < 1 || number > 10_000)
    throw refusal("E_REPEATS", `--repeats: wanted a whole number from 1 to 10000, found "${repeats}".`);
  return { ...experiment, arms, scenarios: scenarios.map((entry) => ({ ...entry, repeats: number })) };
}
