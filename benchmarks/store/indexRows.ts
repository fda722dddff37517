import { DuckDBBlobValue, type DuckDBConnection, type DuckDBValue } from "@duckdb/node-api";
import { efficiencyCells, phaseCells, phaseNames, toEfficiency, toPhases } from "./numberColumns.ts";
import type { QuestionSet, RunSummary } from "./summary.ts";

type Appender = Awaited<ReturnType<DuckDBConnection["createAppender"]>>;

/** What many runs have alike. */
export interface Kind
  extends Pick<
    RunSummary,
    | "stack"
    | "experiment"
    | "arm"
    | "scenario"
    | "outcome"
    | "nodes"
    | "ranks"
    | "effectiveBatch"
    | "transport"
    | "device"
    | "conditionsDigest"
    | "conditions"
  > {
  questionsDigest: string | null;
  letters: boolean;
}

/** The part of a summary that is a {@link Kind}. */
export function kindOf(run: RunSummary): Kind {
  const { stack, experiment, arm, scenario, outcome, nodes, ranks, effectiveBatch, transport, device } = run;
  const { conditionsDigest, conditions, evaluation } = run;
  return {
    ...{ stack, experiment, arm, scenario, outcome, nodes, ranks, effectiveBatch, transport, device },
    ...{ conditionsDigest, conditions },
    questionsDigest: evaluation?.questionsDigest ?? null,
    letters: evaluation?.letters ?? false,
  };
}

/** Adds a summary's row to the table `runs`, in the order of its columns. */
export function appendRun(appender: Appender, kind: number, run: RunSummary): void {
  appender.appendInteger(kind);
  appender.appendVarchar(run.id);
  for (const number of [Date.parse(run.startedAt), run.repeat, run.seed]) appender.appendDouble(number);
  for (const text of [run.errorCode, run.errorMessage])
    if (text === null) appender.appendNull();
    else appender.appendVarchar(text);
  for (const number of [
    run.trainSeconds,
    run.totalSeconds,
    run.numSteps,
    run.medianStepSeconds,
    run.tokens,
    run.finalLoss,
    run.peakResidentGiB,
    run.peakAllocatedGiB,
    run.predictedGiB,
  ])
    if (number === null) appender.appendNull();
    else appender.appendDouble(number);
  for (const answers of [run.evaluation?.tuned, run.evaluation?.untuned])
    if (answers) appender.appendBlob(answers);
    else appender.appendNull();
  for (const number of [...phaseCells(run.phases), ...efficiencyCells(run.efficiency)])
    if (number === null) appender.appendNull();
    else appender.appendDouble(number);
  appender.endRow();
}

/** Summaries from the columns of `SELECT * FROM runs`; kinds and questions are shared among them. */
export function toSummaries(
  columns: readonly DuckDBValue[][],
  kinds: ReadonlyMap<number, Kind>,
  questionSets: ReadonlyMap<string, QuestionSet>,
): RunSummary[] {
  const numbers = (column: number) => columns[column] as number[];
  const maybeNumbers = (column: number) => columns[column] as (number | null)[];
  const maybeTexts = (column: number) => columns[column] as (string | null)[];
  const answers = (column: number, row: number) => {
    const value = columns[column]?.[row];
    return value instanceof DuckDBBlobValue ? new Uint8Array(value.bytes) : null;
  };
  const phases = columns.slice(18, 18 + phaseNames.length) as (number | null)[][];
  const efficiency = columns.slice(18 + phaseNames.length) as (number | null)[][];
  return (columns[0] ?? []).map((number, i) => {
    const { questionsDigest, letters, ...kind } = kinds.get(number as number) as Kind;
    const id = columns[1]?.[i] as string;
    return {
      file: `${id}.json`,
      id,
      startedAt: new Date(numbers(2)[i] as number).toISOString(),
      repeat: numbers(3)[i] as number,
      seed: numbers(4)[i] as number,
      errorCode: maybeTexts(5)[i] ?? null,
      errorMessage: maybeTexts(6)[i] ?? null,
      trainSeconds: maybeNumbers(7)[i] ?? null,
      totalSeconds: numbers(8)[i] as number,
      numSteps: numbers(9)[i] as number,
      medianStepSeconds: maybeNumbers(10)[i] ?? null,
      tokens: numbers(11)[i] as number,
      finalLoss: maybeNumbers(12)[i] ?? null,
      peakResidentGiB: maybeNumbers(13)[i] ?? null,
      peakAllocatedGiB: maybeNumbers(14)[i] ?? null,
      predictedGiB: maybeNumbers(15)[i] ?? null,
      phases: toPhases(phases, i),
      efficiency: toEfficiency(efficiency, i),
      ...kind,
      evaluation:
        questionsDigest === null
          ? null
          : {
              questionsDigest,
              questions: questionSets.get(questionsDigest) as QuestionSet,
              letters,
              tuned: answers(16, i),
              untuned: answers(17, i),
            },
    };
  });
}
