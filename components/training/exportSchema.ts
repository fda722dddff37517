/** Writes the trainer config's JSON Schema, which the Python side tests against: `npm run schema`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { trainerConfigSchema } from "./trainerConfig.ts";

const file = join(import.meta.dirname, "..", "..", "trainer", "schema", "config.schema.json");
writeFileSync(file, `${JSON.stringify(z.toJSONSchema(trainerConfigSchema, { io: "output" }), null, 2)}\n`);
