import { readFile } from "node:fs/promises";
import { defineCommand } from "citty";
import { RocmarkError, refusal } from "../errors.ts";
import { type Experiment, parseExperiment } from "../experiment.ts";
import type { Measured } from "../measure.ts";
import { seconds } from "../report/words.ts";
import type { ScheduledRun } from "../schedule.ts";
import { recordsArgs } from "./place.ts";
import { readStackOutput } from "./stackOutput.ts";

export default defineCommand({
  meta: {
    name: "run",
    description: "Measure: every arm in turns on the nodes that stand; each run leaves a record",
  },
  args: {
    spec: {
      type: "string",
      description: "experiment as JSON from a FILE, or - for standard input; the stack's own when left out",
      valueHint: "FILE",
    },
    stack: {
      type: "string",
      description: "Pulumi stack whose experiment is run",
      default: "local",
      valueHint: "NAME",
    },
    scenario: { type: "string", description: "only the scenario with this label", valueHint: "LABEL" },
    repeats: { type: "string", description: "repeats instead of the experiment's own", valueHint: "N" },
    json: recordsArgs.json,
  },
  async run({ args }) {
    const source = args.spec ?? `stack ${args.stack}`;
    const text =
      args.spec === undefined
        ? JSON.stringify((await readStackOutput(args.stack)).experiment)
        : await readSpec(args.spec);
    const experiment = narrow(parseExperiment(text, source === "-" ? "standard input" : source), args);
    const { readCode } = await import("../code.ts");
    const { sshDialer } = await import("../executors/connection.ts");
    const { measure } = await import("../measure.ts");
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
    if (measured.some(({ record }) => record.outcome !== "ok")) process.exitCode = 1;
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

async function readSpec(file: string): Promise<string> {
  if (file !== "-") {
    return await readFile(file, "utf8").catch((cause: Error) => {
      throw refusal("E_SPEC", `--spec ${file} cannot be read: ${cause.message}.`, cause);
    });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function narrow(
  experiment: Experiment,
  { scenario, repeats }: { scenario?: string | undefined; repeats?: string | undefined },
): Experiment {
  const chosen = experiment.scenarios.filter(({ label }) => scenario === undefined || label === scenario);
  if (chosen.length === 0) {
    throw refusal(
      "E_SCENARIO",
      `--scenario ${scenario}: the experiment has ${experiment.scenarios.map(({ label }) => label).join(", ")}.`,
    );
  }
  if (repeats === undefined) return { ...experiment, scenarios: chosen };
  const wanted = Number(repeats);
  if (!Number.isSafeInteger(wanted) || wanted < 1 || wanted > 10_000) {
    throw refusal("E_REPEATS", `--repeats: wanted a whole number from 1 to 10000, found "${repeats}".`);
  }
  return { ...experiment, scenarios: chosen.map((entry) => ({ ...entry, repeats: wanted })) };
}
