import { DuckDBInstance } from "@duckdb/node-api";
import { appendRun } from "./indexRows.ts";
import { createTables, runColumns } from "./indexSchema.ts";
import type { RunSummary } from "./summary.ts";

/** Writes a table of runs, one row a run, as a Parquet file: the columns of the index. */
export async function writeRunTable(runs: readonly RunSummary[], file: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  try {
    await connection.run(createTables);
    const appender = await connection.createAppender("runs");
    for (const run of runs) appendRun(appender, run);
    appender.closeSync();
    const columns = runColumns.map(([name]) => name).join(", ");
    const quoted = `'${file.replaceAll("'", "''")}'`;
    await connection.run(
      `COPY (SELECT ${columns} FROM runs ORDER BY started_at, id) TO ${quoted} (FORMAT parquet)`,
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
