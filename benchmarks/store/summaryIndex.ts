import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import { messageOf, RocmarkError } from "../errors.ts";
import { appendRun, toSummaries } from "./indexRows.ts";
import { createTables, indexVersion } from "./indexSchema.ts";
import type { RunFilter, Summaries } from "./runFilter.ts";
import { type BadRecord, readRecords } from "./store.ts";
import { type RunSummary, summarise } from "./summary.ts";

/** Name of the index inside a records directory. */
export const indexFile = ".index.duckdb";

/**
 * A DuckDB file that remembers the summary of each record file by name, size and modification time. The records are the
 * truth: an index that is missing, damaged or of another version is made anew.
 */
export class SummaryIndex {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  /** Opens the index of a directory, or makes it. */
  static async open(directory: string): Promise<SummaryIndex> {
    return SummaryIndex.#openAt(join(directory, indexFile));
  }

  /** An index that lives in memory only: for an export of a store that needs none. */
  static async inMemory(): Promise<SummaryIndex> {
    return SummaryIndex.#openAt(":memory:");
  }

  static async #openAt(path: string): Promise<SummaryIndex> {
    const instance = await DuckDBInstance.create(path, { threads: "2", memory_limit: "512MB" });
    const connection = await instance.connect();
    try {
      const tables = await connection.runAndReadAll("SELECT table_name FROM information_schema.tables");
      if (tables.currentRowCount === 0) await connection.run(createTables);
      const found = (await connection.runAndReadAll("SELECT version FROM version")).getColumns()[0]?.[0];
      if (found !== indexVersion) throw new Error(`index version ${found}, wanted ${indexVersion}`);
      return new SummaryIndex(instance, connection);
    } catch (cause) {
      connection.closeSync();
      instance.closeSync();
      throw cause;
    }
  }

  /** Runs one SQL statement: for an export. */
  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  /** Makes the index agree with the files of the directory: reads what is new or changed, forgets what is gone. */
  async refresh(directory: string, names: readonly string[]): Promise<BadRecord[]> {
    const known = new Map<string, { stamp: string; problem: string | null }>();
    const [file = [], size = [], modified = [], problem = []] = await this.#columns("SELECT * FROM files");
    for (const [i, name] of file.entries())
      known.set(name as string, { stamp: `${size[i]} ${modified[i]}`, problem: problem[i] as string | null });

    const bad: BadRecord[] = [];
    const stamps = new Map<string, [size: number, modified: number]>();
    const changed: string[] = [];
    for (const name of names) {
      const status = statSync(join(directory, name), { throwIfNoEntry: false });
      if (status === undefined) continue;
      const entry = known.get(name);
      if (entry?.stamp === `${status.size} ${status.mtimeMs}`) {
        known.delete(name);
        if (entry.problem !== null)
          bad.push({ file: name, error: new RocmarkError("E_RECORD", entry.problem, { exitCode: 2 }) });
      } else {
        stamps.set(name, [status.size, status.mtimeMs]);
        changed.push(name);
      }
    }
    if (known.size > 0 || changed.length > 0)
      await this.#replace(directory, [...known.keys()], changed, stamps, bad);
    return bad;
  }

  async #replace(
    directory: string,
    gone: string[],
    changed: string[],
    stamps: Map<string, [size: number, modified: number]>,
    bad: BadRecord[],
  ): Promise<void> {
    await this.#connection.run("BEGIN");
    try {
      await this.#forget(gone);
      await this.#add(directory, changed, stamps, bad);
      await this.#connection.run("COMMIT");
    } catch (cause) {
      await this.#connection.run("ROLLBACK").catch(() => undefined);
      throw cause;
    }
  }

  async #forget(names: string[]): Promise<void> {
    if (names.length === 0) return;
    await this.#connection.run("CREATE OR REPLACE TEMP TABLE gone (name VARCHAR)");
    const appender = await this.#connection.createAppender("gone", "main", "temp");
    for (const name of names) {
      appender.appendVarchar(name);
      appender.endRow();
    }
    appender.closeSync();
    await this.#connection.run("DELETE FROM runs WHERE file IN (SELECT name FROM gone)");
    await this.#connection.run("DELETE FROM files WHERE name IN (SELECT name FROM gone)");
  }

  async #add(
    directory: string,
    names: string[],
    stamps: Map<string, [size: number, modified: number]>,
    bad: BadRecord[],
  ): Promise<void> {
    const [knownConditions, knownQuestions] = await Promise.all(
      ["conditions", "questions"].map(async (table) => {
        const [digests = []] = await this.#columns(`SELECT digest FROM ${table}`);
        return new Set(digests as string[]);
      }),
    );
    const [runs, files, conditions, questions] = await Promise.all(
      ["runs", "files", "conditions", "questions"].map((table) => this.#connection.createAppender(table)),
    );
    if (!runs || !files || !conditions || !questions || !knownConditions || !knownQuestions) return;
    const remember = (into: typeof conditions, known: Set<string>, digest: string, value: unknown) => {
      if (known.has(digest)) return;
      known.add(digest);
      into.appendVarchar(digest);
      into.appendVarchar(JSON.stringify(value));
      into.endRow();
    };
    const rememberFile = (name: string, problem: string | null) => {
      const [size, modified] = stamps.get(name) as [number, number];
      files.appendVarchar(name);
      files.appendDouble(size);
      files.appendDouble(modified);
      if (problem === null) files.appendNull();
      else files.appendVarchar(problem);
      files.endRow();
    };
    const onBad = (problem: BadRecord) => {
      bad.push(problem);
      rememberFile(problem.file, problem.error.message);
    };
    for await (const { name, record } of readRecords(directory, names, onBad)) {
      const run = summarise(record, name);
      rememberFile(name, null);
      remember(conditions, knownConditions, run.conditionsDigest, run.conditions);
      if (run.evaluation !== null)
        remember(questions, knownQuestions, run.evaluation.questionsDigest, run.evaluation.questions);
      appendRun(runs, run);
    }
    for (const appender of [runs, files, conditions, questions]) appender.closeSync();
  }

  /** The summaries of the runs that a filter lets through, oldest first. */
  async read(filter: RunFilter): Promise<RunSummary[]> {
    const where: string[] = [];
    const values: Record<string, string> = {};
    if (filter.experiment !== undefined) {
      where.push("(experiment = $experiment OR starts_with(experiment, $experiment || '/'))");
      values.experiment = filter.experiment;
    }
    for (const column of ["scenario", "stack"] as const) {
      const wanted = filter[column];
      if (wanted === undefined) continue;
      where.push(`${column} = $${column}`);
      values[column] = wanted;
    }
    for (const [i, arm] of (filter.arms ?? []).entries()) values[`arm${i}`] = arm;
    if (filter.arms !== undefined) where.push(`arm IN (${filter.arms.map((_, i) => `$arm${i}`).join(", ")})`);
    const condition = where.length > 0 ? `WHERE ${where.join(" AND ")}` : "";
    const columns = await this.#columns(`SELECT * FROM runs ${condition} ORDER BY started_at, id`, values);
    const [conditions, questions] = await Promise.all([this.#texts("conditions"), this.#texts("questions")]);
    return toSummaries(columns, conditions, questions);
  }

  async #texts(table: string): Promise<Map<string, unknown>> {
    const [digests = [], texts = []] = await this.#columns(`SELECT digest, text FROM ${table}`);
    return new Map(digests.map((digest, i) => [digest as string, JSON.parse(texts[i] as string)]));
  }

  async #columns(sql: string, values?: Record<string, string>): Promise<DuckDBValue[][]> {
    return (await this.#connection.runAndReadAll(sql, values)).getColumns();
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/**
 * The runs of a directory by way of its index, which is removed and made once more when it turns out to be damaged; null
 * when another process holds it or it cannot be written.
 */
export async function readThroughIndex(
  directory: string,
  names: readonly string[],
  filter: RunFilter,
): Promise<Summaries | null> {
  for (const attempt of ["as it is", "anew"]) {
    let index: SummaryIndex | null = null;
    try {
      index = await SummaryIndex.open(directory);
      const bad = await index.refresh(directory, names);
      return { runs: await index.read(filter), bad };
    } catch (cause) {
      index?.close();
      index = null;
      if (attempt === "anew" || /could not set lock|permission|read-only/i.test(messageOf(cause)))
        return null;
      await rm(join(directory, indexFile), { force: true });
      await rm(join(directory, `${indexFile}.wal`), { force: true });
    } finally {
      index?.close();
    }
  }
  return null;
}
