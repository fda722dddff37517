import { join } from "node:path";

/** The checkout this command line belongs to. */
export const project = join(import.meta.dirname, "..", "..");

/** Options that every verb which reads records takes. */
export const recordsArgs = {
  records: {
    type: "string",
    description: "directory of the records (default: .rocmark/records of the checkout)",
    valueHint: "DIR",
  },
  experiment: { type: "string", description: "only this experiment: NAME or NAME/LABEL", valueHint: "NAME" },
  stack: { type: "string", description: "only runs of this Pulumi stack", valueHint: "NAME" },
  json: { type: "boolean", description: "print JSON for programs", default: false },
} as const;

/** Options of the verbs that work on an experiment. */
export const specArgs = {
  spec: {
    type: "string",
    description: "experiment as JSON from a FILE, or - for standard input; the stack's own when left out",
    valueHint: "FILE",
  },
  stack: {
    type: "string",
    description: "Pulumi stack whose experiment is taken",
    default: "local",
    valueHint: "NAME",
  },
} as const;

/** The directory that --records names, or the checkout's own. */
export const recordsDirectory = (given: string | undefined): string =>
  given ?? join(project, ".rocmark", "records");
