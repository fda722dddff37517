import { join } from "node:path";
import { z } from "zod";
import { runChild } from "../childProcess.ts";
import { project } from "../commands/place.ts";
import { RocmarkError } from "../errors.ts";

const answerSchema = z.looseObject({
  kind: z.enum(["solved", "refused"]),
  /** For a person: each set, or every rule that stands against it with its source, and the nearest set that works. */
  message: z.string(),
});

/** What the version matrix says of a stack's pins. */
export type VersionsAnswer = z.infer<typeof answerSchema>;

/** Asks the version matrix, which is a program of another room: JSON in, JSON out. */
export async function askVersions(question: unknown): Promise<VersionsAnswer> {
  const program = join(project, "components", "compatibility", "main.ts");
  const { code, stdout, stderr } = await runChild(process.execPath, [program], {
    input: JSON.stringify(question),
  });
  if (stdout === "")
    throw new RocmarkError(
      "E_VERSIONS",
      `The version matrix did not answer (exit code ${code}): ${stderr.trim()}`,
    );
  return answerSchema.parse(JSON.parse(stdout));
}
