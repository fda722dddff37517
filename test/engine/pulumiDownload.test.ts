import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { downloadEngine } from "../../engine/sources/pulumiDownload.ts";
import { file, folder, progress } from "./stubs.ts";

/** Runs a program in place of the one that calls Pulumi's installer: it gets the version and the folder to fill. */
async function download(program: string) {
  const home = folder();
  const path = file(join(folder(), "program.mjs"), program);
  const surroundings = { env: { PATH: "/usr/bin:/bin", PULUMI_HOME: home }, progress: progress() };
  const answer = await downloadEngine(surroundings, path).catch((error: Error) => error.message);
  return { answer, left: readdirSync(join(home, "versions")), home };
}

const installer = (said: string) => `
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
const folder = process.argv[3] + "/bin";
mkdirSync(folder);
for (const name of ["pulumi", "pulumi-language-nodejs"]) {
  writeFileSync(folder + "/" + name, "#!/bin/sh\\necho ${said}\\n");
  chmodSync(folder + "/" + name, 0o755);
}`;

test("keeps what the installer brings once it has shown that it runs", async () => {
  const { answer, left, home } = await download(installer("v3.259.0 -tracing"));
  expect(answer).toMatchObject({
    cli: join(home, "versions", "3.259.0", "bin", "pulumi"),
    version: "3.259.0",
  });
  expect(left).toEqual(["3.259.0"]);
});

test.each([
  [
    "a host that cannot be reached",
    `console.error("fetch failed (ENOTFOUND)"); process.exit(1);`,
    "fetch failed (ENOTFOUND)",
  ],
  ["an installer that fails without a word", "process.exit(3);", "its installer failed"],
  ["an installer that brings nothing", "", "ENOENT"],
  ["a release for another machine", installer("-tracing cannot execute"), `should answer "v3.259.0"`],
])("%s is a reason, and leaves no CLI", async (_title, program, reason) => {
  const { answer, left, home } = await download(program);
  expect(answer).toContain(reason);
  expect(left.filter((name) => name.startsWith("."))).toEqual([]);
  if (left.length > 0) expect(readdirSync(join(home, "versions", "3.259.0", "bin"))).not.toContain("pulumi");
});
