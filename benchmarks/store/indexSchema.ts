import { efficiencyNames, phaseNames } from "./numberColumns.ts";

/** Raised whenever a table or a summary's meaning changes: an index of another version is made anew. */
export const indexVersion = "3";

/**
 * Tables of the index. What many runs have alike (arm, experiment, conditions, ...) is one row of `kinds`, and questions
 * that many runs answered are one row of `questions`: with 100,000 runs, texts are what costs time and memory.
 */
export const createTables = `
CREATE TABLE version (version VARCHAR);
INSERT INTO version VALUES ('${indexVersion}');
CREATE TABLE files (name VARCHAR, size DOUBLE, modified DOUBLE, problem VARCHAR);
CREATE TABLE kinds (kind INTEGER, text VARCHAR);
CREATE TABLE questions (digest VARCHAR, text VARCHAR);
CREATE TABLE runs (
  kind INTEGER, id VARCHAR, started DOUBLE, repeat DOUBLE, seed DOUBLE, error_code VARCHAR, error_message VARCHAR,
  train_seconds DOUBLE, total_seconds DOUBLE, num_steps DOUBLE, median_step_seconds DOUBLE, tokens DOUBLE,
  final_loss DOUBLE, peak_resident_gib DOUBLE, peak_allocated_gib DOUBLE, predicted_gib DOUBLE, tuned BLOB, untuned BLOB,
  ${[...phaseNames.map((name) => `phase_${name}`), ...efficiencyNames].map((name) => `${name} DOUBLE`).join(", ")}
);
`;
