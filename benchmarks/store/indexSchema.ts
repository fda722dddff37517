import type { RunSummary } from "./summary.ts";

/** Raised whenever a table or a summary's meaning changes: an index of another version is made anew. */
export const indexVersion = "1";

/** Columns of the table `runs`, each with its DuckDB type and where it comes from. Also the columns of an export. */
export const runColumns: readonly [
  name: string,
  type: string,
  of: (summary: RunSummary) => string | number | null,
][] = [
  ["file", "VARCHAR", (run) => run.file],
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
  ["questions_digest", "VARCHAR", (run) => run.evaluation?.questionsDigest ?? null],
];

/** Tables of the index. Conditions and questions are the same for many runs, so each is stored once. */
export const createTables = `
CREATE TABLE version (version VARCHAR);
INSERT INTO version VALUES ('${indexVersion}');
CREATE TABLE files (name VARCHAR, size DOUBLE, modified DOUBLE, problem VARCHAR);
CREATE TABLE runs (${runColumns.map(([name, type]) => `${name} ${type}`).join(", ")}, letters BOOLEAN, tuned BLOB, untuned BLOB);
CREATE TABLE conditions (digest VARCHAR, text VARCHAR);
CREATE TABLE questions (digest VARCHAR, text VARCHAR);
`;
