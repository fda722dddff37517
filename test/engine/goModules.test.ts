import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Surroundings } from "../../engine/engine.ts";
import { buildEngine } from "../../engine/sources/goModules.ts";
import { findGo } from "../../engine/sources/goToolchain.ts";
import { file, folder, progress, script, stubEngine } from "./stubs.ts";

/** Sources as engine/go/ has them, and a Go that runs {@link build} in place of compiling; `$out` is the file to write. */
function machine(build: string, version = "1.26.8") {
  const [home, bin, sources] = [folder(), folder(), folder()];
  for (const part of ["pulumi", "nodejs"]) file(join(sources, part, "go.mod"), "module m\n\ngo 1.25.11\n");
  script(
    join(bin, "go"),
    `echo "$GOTOOLCHAIN $*" >> '${home}/calls'
case $1 in
  version) echo 'go version go${version} linux/amd64' ;;
  list) echo 'go: downloading a v1' >&2; printf 'a\\nb\\nc\\n' ;;
  build) while [ "$1" != -o ]; do shift; done; out=$2; ${build} ;;
esac`,
  );
  const env = { PATH: `${bin}:/usr/bin:/bin`, PULUMI_HOME: home };
  const shown = progress();
  const surroundings: Surroundings = { env, progress: shown };
  const calls = () => readFileSync(join(home, "calls"), "utf8").trim().split("\n");
  return { home, sources, surroundings, shown, calls, versions: join(home, "versions") };
}

/** What a compiler would leave: programs that answer as the engine's do. */
const sound = `printf '#!/bin/sh\\necho v3.259.0 -tracing\\n' > "$out"; chmod +x "$out"`;

test("builds both parts from pinned modules, the language host first, and leaves nothing else", async () => {
  const { sources, surroundings, calls, versions } = machine(sound);
  const bin = join(versions, "3.259.0", "bin");
  expect(await buildEngine(surroundings, sources)).toEqual({
    cli: join(bin, "pulumi"),
    languageHost: join(bin, "pulumi-language-nodejs"),
    version: "3.259.0",
  });
  expect(readdirSync(versions)).toEqual(["3.259.0"]);
  const builds = calls().filter((call) => call.includes(" build "));
  expect(builds.map((call) => /-mod=readonly/.test(call) && call.split("/").at(-1))).toEqual([
    "pulumi-language-nodejs",
    "pulumi",
  ]);
});

test("builds only what is missing", async () => {
  const { sources, surroundings, calls, versions } = machine(sound);
  script(join(versions, "3.259.0", "bin", "pulumi-language-nodejs"), "");
  await buildEngine(surroundings, sources);
  expect(calls().filter((call) => call.includes(" build "))).toHaveLength(1);
});

test("a build that fails says why and leaves nothing", async () => {
  const { sources, surroundings, versions } = machine("echo 'verifying m@v1: checksum mismatch' >&2; exit 1");
  expect(await buildEngine(surroundings, sources)).toBe("verifying m@v1: checksum mismatch");
  expect(readdirSync(versions)).toEqual([]);
});

test.each([
  ["is another version", `printf '#!/bin/sh\\necho v3.1.0 -tracing\\n' > "$out"; chmod +x "$out"`, "v3.1.0"],
  ["does not start", `printf '#!/bin/sh\\nkill -9 $$\\n' > "$out"; chmod +x "$out"`, "nothing"],
  ["was cut off", `: > "$out"`, "EACCES"],
])("what %s is not kept", async (_title, build, said) => {
  const { sources, surroundings, versions } = machine(build);
  await expect(buildEngine(surroundings, sources)).rejects.toThrow(said);
  expect(existsSync(join(versions, "3.259.0", "bin", "pulumi"))).toBe(false);
  expect(readdirSync(versions).filter((name) => name.startsWith("."))).toEqual([]);
});

test("an interrupted build ends the compiler and what it started, and leaves nothing behind", async () => {
  const { home, sources, surroundings, versions } = machine(
    `: > "$out"; sh -c 'echo $$ > "$0.pid"; exec sleep 600' "$out"`,
  );
  const abort = new AbortController();
  const build = buildEngine({ ...surroundings, signal: abort.signal }, sources);
  let pid = 0;
  while (pid === 0) {
    await sleep(20);
    const partial = existsSync(versions)
      ? readdirSync(versions).find((name) => name.endsWith("-partial"))
      : undefined;
    const written = partial && join(versions, partial, "pulumi-language-nodejs.pid");
    if (written && existsSync(written)) pid = Number(readFileSync(written, "utf8"));
  }
  abort.abort();
  expect(typeof (await build)).toBe("string");
  expect(readdirSync(versions)).toEqual([]);
  for (let waited = 0; waited < 300 && isThere(pid); waited += 1) await sleep(20);
  expect(isThere(pid)).toBe(false);
  expect(readdirSync(home).sort()).toEqual(["calls", "versions"]);
});

test("removes what a killed build left, and nothing of one that runs", async () => {
  const { sources, surroundings, versions } = machine(sound);
  for (const pid of [2 ** 22 + 1, process.ppid])
    mkdirSync(join(versions, `.rocmark-${pid}-partial`), { recursive: true });
  await buildEngine(surroundings, sources);
  expect(readdirSync(versions).sort()).toEqual([`.rocmark-${process.ppid}-partial`, "3.259.0"]);
});

test.each([
  ["1.25.3", undefined, "go1.25.11"],
  ["1.26.8", undefined, ""],
  ["1.25.3", "local", "local"],
])("Go %s with GOTOOLCHAIN %s builds with %j", async (version, chosen, expected) => {
  const { sources, surroundings, calls } = machine(sound, version);
  const env = chosen === undefined ? surroundings.env : { ...surroundings.env, GOTOOLCHAIN: chosen };
  await buildEngine({ ...surroundings, env }, sources);
  const build = calls().find((call) => call.includes(" build "));
  expect(build?.split(" ")[0]).toBe(expected);
});

test("says which Go was found when none is new enough, and looks where Go's installer puts it", async () => {
  const { surroundings } = machine(sound, "1.24.9");
  expect(await findGo(surroundings.env, undefined, [])).toEqual({
    reason: expect.stringContaining("is Go 1.24.9, 1.25.0 or newer is wanted"),
  });
  const usual = folder();
  stubEngine(usual);
  script(join(usual, "go"), "echo go version go1.25 linux/amd64");
  expect(await findGo({ PATH: "/usr/bin:/bin" }, undefined, [join(usual, "go")])).toMatchObject({
    file: join(usual, "go"),
  });
  expect(await findGo({ PATH: "" }, undefined, [])).toEqual({
    reason: "no Go is on the PATH or in /usr/local/go",
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
