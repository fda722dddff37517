import { DuckDBBlobValue, type DuckDBConnection, type DuckDBValue } from "@duckdb/node-api";
import { runColumns } from "./indexSchema.ts";
import type { QuestionSet, RunSummary } from "./summary.ts";

type Appender = Awaited<ReturnType<DuckDBConnection["createAppender"]>>;

/** Adds a summary's row to the table `runs`. */
export function appendRun(appender: Appender, run: RunSummary): void {
  for (const [, type, of] of runColumns) {
    const value = of(run);
    if (value === null) appender.appendNull();
    else if (type === "DOUBLE") appender.appendDouble(value as number);
    else appender.appendVarchar(value as string);
  }
  if (run.evaluation === null) appender.appendNull();
  else appender.appendBoolean(run.evaluation.letters);
  for (const bits of [run.evaluation?.tuned, run.evaluation?.untuned])
    if (bits) appender.appendBlob(bits);
    else appender.appendNull();
  appender.endRow();
}

/** Summaries from the columns of `SELECT * FROM runs`, conditions and questions shared among them. */
export function toSummaries(
  columns: DuckDBValue[][],
  conditions: Map<string, unknown>,
  questions: Map<string, unknown>,
): RunSummary[] {
  const names = [...runColumns.map(([name]) => name), "letters", "tuned", "untuned"];
  const column = new Map(names.map((name, i) => [name, columns[i] ?? []]));
  const bytes = (value: unknown) => (value instanceof DuckDBBlobValue ? new Uint8Array(value.bytes) : null);
  const nodeLists = new Map<string, string[]>();
  const parsedNodes = (text: string) => {
    const nodes = nodeLists.get(text) ?? (JSON.parse(text) as string[]);
    nodeLists.set(text, nodes);
    return nodes;
  };
  const value = <T>(name: string, i: number) => (column.get(name) as T[])[i] as T;
  return (columns[0] ?? []).map((_, i) => {
    const questionsDigest = value<string | null>("questions_digest", i);
    const conditionsDigest = value<string>("conditions_digest", i);
    return {
      file: value("file", i),
      id: value("id", i),
      startedAt: value("started_at", i),
      stack: value("stack", i),
      experiment: value("experiment", i),
      arm: value("arm", i),
      scenario: value("scenario", i),
      repeat: value("repeat", i),
      outcome: value("outcome", i),
      errorCode: value("error_code", i),
      errorMessage: value("error_message", i),
      seed: value("seed", i),
      nodes: parsedNodes(value("nodes", i)),
      ranks: value("ranks", i),
      effectiveBatch: value("effective_batch", i),
      transport: value("transport", i),
      device: value("device", i),
      trainSeconds: value("train_seconds", i),
      totalSeconds: value("total_seconds", i),
      numSteps: value("num_steps", i),
      medianStepSeconds: value("median_step_seconds", i),
      tokens: value("tokens", i),
      finalLoss: value("final_loss", i),
      peakResidentGiB: value("peak_resident_gib", i),
      peakAllocatedGiB: value("peak_allocated_gib", i),
      conditionsDigest,
      conditions: conditions.get(conditionsDigest) as RunSummary["conditions"],
      evaluation:
        questionsDigest === null
          ? null
          : {
              questionsDigest,
              questions: questions.get(questionsDigest) as QuestionSet,
              letters: value("letters", i),
              tuned: bytes(value("tuned", i)),
              untuned: bytes(value("untuned", i)),
            },
    };
  });
}
