/** `npm run bench:table`: README's tables, as Markdown, from the newest committed result of each benchmark and machine. */
import { resolve } from "node:path";
import { RocmarkError } from "../errors.ts";
import { renderResults } from "./renderResults.ts";
import { newestResults, readResults, resultsFolder } from "./results.ts";

try {
  const results = newestResults(await readResults(resolve(process.argv[2] ?? resultsFolder)));
  process.stdout.write(`${renderResults(results)}\n`);
} catch (error) {
  if (!(error instanceof RocmarkError)) throw error;
  process.stderr.write(`${error.message} [${error.code}]\n`);
  process.exitCode = error.exitCode;
}
