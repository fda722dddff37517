import { readFile } from "node:fs/promises";
import { refusal } from "../errors.ts";
import { type Experiment, parseExperiment } from "../experiment.ts";
import { maxRecordBytes } from "../parseRecord.ts";
import { readStackOutput } from "./stackOutput.ts";

/** The experiment of `--spec FILE|-`, or of the stack's outputs. */
export async function readExperiment(args: {
  spec?: string | undefined;
  stack: string;
}): Promise<Experiment> {
  const { spec, stack } = args;
  if (spec === undefined) {
    const { experiment } = await readStackOutput(stack);
    return parseExperiment(JSON.stringify(experiment), `stack ${stack}`);
  }
  if (spec === "-") return parseExperiment(await readInput(), "standard input");
  const text = await readFile(spec, "utf8").catch((cause: Error) => {
    throw refusal("E_SPEC", `--spec ${spec} cannot be read: ${cause.message}.`, cause);
  });
  return parseExperiment(text, spec);
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let numBytes = 0;
  for await (const chunk of process.stdin) {
    numBytes += (chunk as Buffer).length;
    if (numBytes > maxRecordBytes)
      throw refusal("E_SPEC", `Standard input: wanted at most ${maxRecordBytes} bytes, found more.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
