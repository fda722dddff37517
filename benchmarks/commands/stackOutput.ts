import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { refusal } from "../errors.ts";
import { project } from "./place.ts";

const run = promisify(execFile);

/** The outputs of a stack, as `npx pulumi stack output --json` prints them. */
export async function readStackOutput(stack: string): Promise<Record<string, unknown>> {
  const words = ["stack", "output", "--json", "--stack", stack];
  const output = await run(join(project, "engine", "pulumi"), words, {
    cwd: project,
    maxBuffer: 64 * 1024 * 1024,
  }).catch((cause: { stderr?: string; message: string }) => {
    const reason = (cause.stderr ?? cause.message).trim().split("\n").at(-1);
    throw refusal(
      "E_STACK",
      `Stack "${stack}" gives no output: ${reason}. Run npm start, or npx pulumi up --stack ${stack}, first.`,
      cause,
    );
  });
  const outputs = JSON.parse(output.stdout) as Record<string, unknown>;
  if (outputs.experiment === undefined) {
    throw refusal(
      "E_STACK",
      `Stack "${stack}" stands, but has no experiment among its outputs. Run npx pulumi up --stack ${stack} to its end first.`,
    );
  }
  return outputs;
}
