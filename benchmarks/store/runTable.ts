import { DuckDBInstance } from "@duckdb/node-api";
import type { RunSummary } from "./summary.ts";

/** Columns of the table of runs, each with its DuckDB type and where it comes from. */
const columns: readonly [name: string, type: string, of: (run: RunSummary) => string | number | null][] = [
  ["id", "VARCHAR", (run) => run.id],
  ["started_at", "VARCHAR", (run) => run.startedAt],
  ["stack", "VARCHAR", (run) => run.stack],
  ["experiment", "VARCHAR", (run) => run.experiment],
  ["arm", "VARCHAR", (run) => run.arm],
  ["scenario", "VARCHAR", (run) => run.scenario],
  ["repeat", "DOUBLE", (run) => run.repeat],
  ["outcome", "VARCHAR", (run) => run.outcome],
  ["error_code", "VARCHAR", (run) => run.errorCode],
  ["error_message", "VARCHAR", (run) => run.errorMessage],
  ["seed", "DOUBLE", (run) => run.seed],
  ["nodes", "VARCHAR", (run) => JSON.stringify(run.nodes)],
  ["ranks", "DOUBLE", (run) => run.ranks],
  ["effective_batch", "DOUBLE", (run) => run.effectiveBatch],
  ["transport", "VARCHAR", (run) => run.transport],
  ["device", "VARCHAR", (run) => run.device],
  ["train_seconds", "DOUBLE", (run) => run.trainSeconds],
  ["total_seconds", "DOUBLE", (run) => run.totalSeconds],
  ["num_steps", "DOUBLE", (run) => run.numSteps],
  ["median_step_seconds", "DOUBLE", (run) => run.medianStepSeconds],
  ["tokens", "DOUBLE", (run) => run.tokens],
  ["final_loss", "DOUBLE", (run) => run.finalLoss],
  ["peak_resident_gib", "DOUBLE", (run) => run.peakResidentGiB],
  ["peak_allocated_gib", "DOUBLE", (run) => run.peakAllocatedGiB],
  ["conditions_digest", "VARCHAR", (run) => run.conditionsDigest],
];

/** Writes a table of runs, one row a run, as a Parquet file. */
export async function writeRunTable(runs: readonly RunSummary[], file: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  try {
    await connection.run(
      `CREATE TABLE runs (${columns.map(([name, type]) => `${name} ${type}`).join(", ")})`,
    );
    const appender = await connection.createAppender("runs");
    for (const run of runs) {
      for (const [, type, of] of columns) {
        const value = of(run);
        if (value === null) appender.appendNull();
        else if (type === "DOUBLE") appender.appendDouble(value as number);
        else appender.appendVarchar(value as string);
      }
      appender.endRow();
    }
    appender.closeSync();
    await connection.run(`COPY runs TO '${file.replaceAll("'", "''")}' (FORMAT parquet)`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
