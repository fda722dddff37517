import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const launcher = join(import.meta.dirname, "..", "..", "benchmarks", "rocmark");

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** The command line in a directory that is also its home, with an environment of nothing but a PATH and what is given. */
export const rocmarkIn =
  (directory: string, more: Record<string, string> = {}) =>
  async (...words: string[]): Promise<Ended> => {
    const env = { PATH: process.env.PATH, HOME: directory, ...more };
    const child = promisify(execFile)(launcher, words, { env, cwd: directory, maxBuffer: 64 * 1024 * 1024 });
    child.child.stdin?.end();
    return child.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (failed: Ended) => ({ code: failed.code, stdout: failed.stdout, stderr: failed.stderr }),
    );
  };
