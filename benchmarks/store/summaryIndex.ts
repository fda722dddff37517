import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import { messageOf, RocmarkError } from "../errors.ts";
import { canonical } from "./canonical.ts";
import { appendRun, type Kind, kindOf, toSummaries } from "./indexRows.ts";
import { createTables, indexVersion } from "./indexSchema.ts";
import { letsKind, type RunFilter, type Summaries } from "./runFilter.ts";
import { type BadRecord, readRecords } from "./store.ts";
import { type QuestionSet, type RunSummary, summarise } from "./summary.ts";

/** Name of the index inside a records directory. */
export const indexFile = ".index.duckdb";

interface Stamp {
  size: number;
  modified: number;
}

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

  /** Opens the index of a directory, or makes it. Throws on one that is damaged, of another version, or in use. */
  static async open(directory: string): Promise<SummaryIndex> {
    const instance = await DuckDBInstance.create(join(directory, indexFile), {
      threads: "2",
      memory_limit: "512MB",
    });
    const connection = await instance.connect();
    const index = new SummaryIndex(instance, connection);
    try {
      const [tables = []] = await index.#columns("SELECT table_name FROM information_schema.tables");
      if (tables.length === 0) await connection.run(createTables);
      const [version] = await index.#columns("SELECT version FROM version");
      if (version?.[0] !== indexVersion)
        throw new Error(`index version ${version?.[0]}, wanted ${indexVersion}`);
      return index;
    } catch (cause) {
      index.close();
      throw cause;
    }
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  /** Makes the index agree with the files of the directory: reads what is new or changed, forgets what is gone. */
  async refresh(directory: string, names: readonly string[]): Promise<BadRecord[]> {
    const [file = [], size = [], modified = [], problem = []] = await this.#columns("SELECT * FROM files");
    const known = new Map<string, number>();
    for (const [row, name] of file.entries()) known.set(name as string, row);

    const bad: BadRecord[] = [];
    const changed = new Map<string, Stamp>();
    for (const name of names) {
      const status = statSync(`${directory}/${name}`, { throwIfNoEntry: false });
      if (status === undefined) continue;
      const row = known.get(name);
      if (row === undefined || size[row] !== status.size || modified[row] !== status.mtimeMs) {
        changed.set(name, { size: status.size, modified: status.mtimeMs });
        continue;
      }
      known.delete(name);
      const message = problem[row];
      if (typeof message === "string")
        bad.push({ file: name, error: new RocmarkError("E_RECORD", message, { exitCode: 2 }) });
    }
    if (known.size === 0 && changed.size === 0) return bad;

    // What is new stands beside what it replaces until the transaction ends.
    await this.#connection.run("BEGIN");
    try {
      await this.#forget([...known.keys()]);
      bad.push(...(await this.#add(directory, changed)));
      await this.#connection.run("COMMIT");
    } catch (cause) {
      await this.#connection.run("ROLLBACK").catch(() => undefined);
      throw cause;
    }
    return bad;
  }

  async #forget(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await this.#connection.run("CREATE OR REPLACE TEMP TABLE gone (name VARCHAR)");
    const appender = await this.#connection.createAppender("gone", "main", "temp");
    for (const name of names) {
      appender.appendVarchar(name);
      appender.endRow();
    }
    appender.closeSync();
    await this.#connection.run("DELETE FROM runs WHERE id || '.json' IN (SELECT name FROM gone)");
    await this.#connection.run("DELETE FROM files WHERE name IN (SELECT name FROM gone)");
  }

  async #add(directory: string, changed: ReadonlyMap<string, Stamp>): Promise<BadRecord[]> {
    const open = (table: string) => this.#connection.createAppender(table);
    const [runs, files, kinds, questions] = [
      await open("runs"),
      await open("files"),
      await open("kinds"),
      await open("questions"),
    ];
    const numberOf = new Map([...(await this.#kinds())].map(([number, kind]) => [canonical(kind), number]));
    const knownQuestions = new Set((await this.#questions()).keys());

    const addFile = (name: string, problem: string | null) => {
      const { size, modified } = changed.get(name) as Stamp;
      files.appendVarchar(name);
      files.appendDouble(size);
      files.appendDouble(modified);
      if (problem === null) files.appendNull();
      else files.appendVarchar(problem);
      files.endRow();
    };
    const addKind = (kind: Kind): number => {
      const text = canonical(kind);
      const number = numberOf.get(text) ?? numberOf.size;
      if (number < numberOf.size) return number;
      numberOf.set(text, number);
      kinds.appendInteger(number);
      kinds.appendVarchar(text);
      kinds.endRow();
      return number;
    };
    const bad: BadRecord[] = [];
    const onBad = (problem: BadRecord) => {
      bad.push(problem);
      addFile(problem.file, problem.error.message);
    };
    for await (const { name, record } of readRecords(directory, [...changed.keys()], onBad)) {
      const run = summarise(record, name);
      addFile(name, null);
      appendRun(runs, addKind(kindOf(run)), run);
      const { evaluation } = run;
      if (evaluation === null || knownQuestions.has(evaluation.questionsDigest)) continue;
      knownQuestions.add(evaluation.questionsDigest);
      questions.appendVarchar(evaluation.questionsDigest);
      questions.appendVarchar(JSON.stringify(evaluation.questions));
      questions.endRow();
    }
    for (const appender of [runs, files, kinds, questions]) appender.closeSync();
    return bad;
  }

  /** The summaries of the runs that a filter lets through, oldest first. */
  async read(filter: RunFilter): Promise<RunSummary[]> {
    const kinds = await this.#kinds();
    const wanted = [...kinds].filter(([, kind]) => letsKind(filter, kind)).map(([number]) => number);
    if (wanted.length === 0) return [];
    const columns = await this.#columns(
      `SELECT * FROM runs WHERE kind IN (${wanted.join(", ")}) ORDER BY started, id`,
    );
    return toSummaries(columns, kinds, await this.#questions());
  }

  async #kinds(): Promise<Map<number, Kind>> {
    const [numbers = [], texts = []] = await this.#columns("SELECT kind, text FROM kinds");
    return new Map(numbers.map((number, i) => [number as number, JSON.parse(texts[i] as string)]));
  }

  async #questions(): Promise<Map<string, QuestionSet>> {
    const [digests = [], texts = []] = await this.#columns("SELECT digest, text FROM questions");
    return new Map(digests.map((digest, i) => [digest as string, JSON.parse(texts[i] as string)]));
  }

  async #columns(sql: string): Promise<DuckDBValue[][]> {
    return (await this.#connection.runAndReadAll(sql)).getColumns();
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
