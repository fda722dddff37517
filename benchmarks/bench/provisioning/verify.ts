import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { RocmarkError } from "../../errors.ts";
import type { Host } from "./hosts.ts";
import { tenSteps } from "./steps.ts";

/** What is not on a node as the steps leave it, one line each. */
export async function differences(root: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const step of tenSteps) {
    if (step.kind === "command") continue;
    const path = join(root, step.path);
    const found = await stat(path).catch(() => null);
    if (found === null) {
      wrong.push(`${step.path} is missing`);
      continue;
    }
    const mode = `0${(found.mode & 0o777).toString(8)}`;
    if (mode !== step.mode) wrong.push(`${step.path}: wanted mode ${step.mode}, found ${mode}`);
    if (step.kind === "file" && (await readFile(path, "utf8")) !== step.content)
      wrong.push(`${step.path} has another content`);
  }
  return wrong;
}

/** Every side has to have done the same work, or its time says nothing. */
export async function mustBeDone(side: string, hosts: readonly Host[]): Promise<void> {
  for (const { name, root } of hosts) {
    const wrong = await differences(root);
    if (wrong.length === 0) continue;
    throw new RocmarkError("E_UNDONE", `${side} left ${name} unfinished: ${wrong.join("; ")}.`);
  }
}
