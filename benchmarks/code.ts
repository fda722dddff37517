import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Code } from "./record.ts";

const run = promisify(execFile);

/**
 * The code's identity, with commit and state of the work tree as they are now; stack configs are left out, since records
 * hold what they say.
 */
export async function readCode(code: Code): Promise<Code> {
  if (code.commit !== null) return code;
  const git = (...words: string[]) =>
    run("git", words, { cwd: import.meta.dirname }).then(({ stdout }) => stdout.trim());
  try {
    const status = await git("status", "--porcelain", "--", ":/", ":(top,exclude)stacks/Pulumi.*.yaml");
    return { ...code, commit: await git("rev-parse", "HEAD"), dirty: status !== "" };
  } catch {
    return code; // not a git checkout: the bundle's digest still says which code it was
  }
}
