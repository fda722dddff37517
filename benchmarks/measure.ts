import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { SshExecutor } from "./executors/sshExecutor.ts";
import type { Experiment } from "./experiment.ts";
import type { Code, RunRecord } from "./record.ts";
import { type ScheduledRun, scheduleRuns } from "./schedule.ts";
import { writeRecord } from "./store/store.ts";

/** What one run left. */
export interface Measured {
  record: RunRecord;
  path: string;
}

/** Seconds that starting, copying and saving may take beyond the runs' own limits. */
const overheadSeconds = 120;

/** Makes every run of an experiment in its order; each leaves a record, whatever its outcome. */
export async function measure(
  experiment: Experiment,
  {
    signal,
    onProgress,
    onRun,
  }: {
    signal: AbortSignal;
    onProgress: (text: string) => void;
    onRun: (run: ScheduledRun, at: number, of: number) => void;
  },
): Promise<Measured[]> {
  const runs = scheduleRuns(experiment);
  const executor = new SshExecutor(experiment, await readCode(experiment.code), signal, onProgress);
  const measured: Measured[] = [];
  try {
    const limits = runs.reduce((sum, { scenario }) => sum + scenario.timeoutSeconds, 0);
    await executor.lock(limits + overheadSeconds);
    for (const [index, run] of runs.entries()) {
      onRun(run, index + 1, runs.length);
      const record = await executor.run(run);
      measured.push({ record, path: await writeRecord(experiment.recordsDirectory, record) });
    }
  } finally {
    await executor.close();
  }
  return measured;
}

const run = promisify(execFile);

/** The code's identity: commit and state of the work tree are read now, stack configs left out (records hold them). */
async function readCode(code: Code): Promise<Code> {
  if (code.commit !== null) return code;
  const git = (...words: string[]) =>
    run("git", words, { cwd: import.meta.dirname }).then(({ stdout }) => stdout.trim());
  try {
    const status = await git("status", "--porcelain", "--", ":/", ":(top,exclude)stacks/Pulumi.*.yaml");
    return { ...code, commit: await git("rev-parse", "HEAD"), dirty: status !== "" };
  } catch {
    return code; // not a git checkout: the bundle's digest still says which code it was
  }
}
