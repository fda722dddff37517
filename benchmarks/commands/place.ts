import { join } from "node:path";

/** The checkout this command line belongs to. */
export const project = join(import.meta.dirname, "..", "..");

/** Options that every verb which reads records takes. */
export const recordsArgs = {
  records: {
    type: "string",
    description: "directory of the records",
    default: join(project, ".rocmark", "records"),
    valueHint: "DIR",
  },
  experiment: { type: "string", description: "only this experiment: NAME or NAME/LABEL", valueHint: "NAME" },
  json: { type: "boolean", description: "print JSON for programs", default: false },
} as const;
