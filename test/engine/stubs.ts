import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** The checkout under test. */
export const project = join(import.meta.dirname, "..", "..");

/** A folder of this test's own, its links resolved; gone when the test is over. */
export function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "rocmark engine ")));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Write a file and the folders above it. */
export function file(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** A small shell script in place of a program. */
export function script(path: string, body: string): string {
  chmodSync(file(path, `#!/bin/sh\n${body}\n`), 0o755);
  return path;
}

/** The system's own tools, without any folder that holds an engine, a Go or a Python of the machine. */
export const systemPath = (): string => "/usr/bin:/bin";

/** A `pulumi` that says a version, and its language host beside it. */
export function stubEngine(bin: string, version = "3.259.0", body = ""): void {
  script(join(bin, "pulumi"), `[ "$1" = version ] && { echo v${version}; exit 0; }\n${body}`);
  script(join(bin, "pulumi-language-nodejs"), "echo '  -tracing string' >&2");
}

/** A checkout with this engine/ and nothing else of the project: what it makes lies in the folder, not in ours. */
export function checkout(): string {
  const root = folder();
  cpSync(join(project, "engine"), join(root, "engine"), { recursive: true });
  cpSync(join(project, "Pulumi.yaml"), join(root, "Pulumi.yaml"));
  symlinkSync(join(project, "node_modules"), join(root, "node_modules"));
  return root;
}

/** Where progress goes in a test, and what came. */
export function progress(): { lines: string[]; write(text: string): void } {
  const lines: string[] = [];
  return { lines, write: (text) => void lines.push(text.trimEnd()) };
}
