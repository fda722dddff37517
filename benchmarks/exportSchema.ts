/** Writes the record's JSON Schema, which the Python side tests against: `npm run schema`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { recordJsonSchema } from "./record.ts";

const file = join(import.meta.dirname, "..", "trainer", "schema", "record.schema.json");
writeFileSync(file, `${JSON.stringify(recordJsonSchema(), null, 2)}\n`);
