import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Surroundings } from "../../engine/engine.ts";
import { ensureEngine, lookingWays, tryWays, type Way } from "../../engine/locate.ts";
import { preferredVersions } from "../../engine/sources/pulumiCache.ts";
import { folder, progress, script, stubEngine } from "./stubs.ts";

/** A machine with nothing but the system's tools, and a Pulumi home of its own. */
function machine(): { home: string; bin: string; surroundings: Surroundings } {
  const [home, bin] = [folder(), folder()];
  const env = { PATH: `${bin}:/usr/bin:/bin`, PULUMI_HOME: home };
  return { home, bin, surroundings: { env, progress: progress() } };
}

const cached = (home: string, version: string) => join(home, "versions", version, "bin");
const look = async (surroundings: Surroundings) => tryWays(lookingWays, surroundings);
const reasons = async (surroundings: Surroundings) =>
  (await look(surroundings)).attempts.map(({ way, reason }) => `${way}: ${reason}`);

test("takes what is on the PATH before what Pulumi's cache holds", async () => {
  const { home, bin, surroundings } = machine();
  stubEngine(bin, "3.261.4");
  stubEngine(cached(home, "3.259.0"));
  expect((await look(surroundings)).engine).toEqual({
    cli: join(bin, "pulumi"),
    languageHost: join(bin, "pulumi-language-nodejs"),
    version: "3.261.4",
    way: "PATH",
  });
});

test.each([
  ["too old", "3.258.0", "is 3.258.0, 3.259.0 or a newer 3.x is wanted"],
  ["of another major version", "4.0.0", "is 4.0.0, 3.259.0 or a newer 3.x is wanted"],
])("passes over one that is %s", async (_title, version, reason) => {
  const { home, bin, surroundings } = machine();
  stubEngine(bin, version);
  stubEngine(cached(home, "3.259.0"));
  const { engine, attempts } = await look(surroundings);
  expect(engine?.way).toBe("Pulumi's cache");
  expect(attempts).toEqual([{ way: "PATH", reason: `${join(bin, "pulumi")} ${reason}` }]);
});

test("passes over one without a language host, and one that does not run", async () => {
  const { home, bin, surroundings } = machine();
  const second = folder();
  const env = { ...surroundings.env, PATH: `${bin}:${second}:relative:/usr/bin:/bin` };
  script(join(bin, "pulumi"), "echo v3.259.0");
  script(join(second, "pulumi"), "exit 9");
  expect(await reasons({ ...surroundings, env })).toEqual([
    `PATH: ${join(bin, "pulumi")} has no pulumi-language-nodejs beside it or on the PATH; ` +
      `${join(second, "pulumi")} did not say its version (exit code 9)`,
    `Pulumi's cache: ${join(home, "versions")} holds no whole engine of version 3.259.0 or newer`,
  ]);
});

test("takes the language host beside what a link leads to, or from elsewhere on the PATH", async () => {
  const { bin, surroundings } = machine();
  const cellar = folder();
  stubEngine(cellar);
  symlinkSync(join(cellar, "pulumi"), join(bin, "pulumi"));
  expect((await look(surroundings)).engine?.languageHost).toBe(join(cellar, "pulumi-language-nodejs"));

  rmSync(join(cellar, "pulumi-language-nodejs"));
  const other = folder();
  script(join(other, "pulumi-language-nodejs"), "");
  const env = { ...surroundings.env, PATH: `${bin}:${other}:/usr/bin:/bin` };
  expect((await look({ ...surroundings, env })).engine?.languageHost).toBe(
    join(other, "pulumi-language-nodejs"),
  );
});

test("never takes npm's stand-in: it would start itself or download without asking", async () => {
  const { surroundings } = machine();
  const root = folder();
  stubEngine(join(root, "node_modules", ".bin"));
  const linked = folder();
  symlinkSync(join(root, "node_modules", ".bin", "pulumi"), join(linked, "pulumi"));
  const env = { ...surroundings.env, PATH: `${root}/node_modules/.bin:${linked}:/usr/bin:/bin` };
  expect((await reasons({ ...surroundings, env }))[0]).toBe("PATH: no `pulumi` is on it");
});

test("a half engine in the cache is none", async () => {
  const { home, surroundings } = machine();
  script(join(cached(home, "3.259.0"), "pulumi"), "echo v3.259.0");
  expect((await look(surroundings)).engine).toBeNull();
});

test("prefers the tested version in the cache, then the newest that fits", () => {
  const names = [
    "3.1.0",
    "3.260.0",
    "3.259.0",
    "3.1000.0",
    "4.0.0",
    "v3.270.0",
    ".rocmark-1-partial",
    "3.259.0.old",
  ];
  expect(preferredVersions(names)).toEqual(["3.259.0", "3.1000.0", "3.260.0"]);
  expect(preferredVersions([])).toEqual([]);
});

const way = (name: string, answer: Awaited<ReturnType<Way["find"]>> | Error): Way => ({
  name,
  find: async () => {
    if (answer instanceof Error) throw answer;
    return answer;
  },
});
const engine = { cli: "/e/pulumi", languageHost: "/e/pulumi-language-nodejs", version: "3.259.0" };

test("tries the ways in order and stops at the first engine", async () => {
  const { surroundings } = machine();
  const looking = [way("one", "it is not there"), way("two", new Error("it broke"))];
  const getting = [way("three", engine), way("four", new Error("never reached"))];
  expect(await ensureEngine(surroundings, looking, getting)).toEqual({ ...engine, way: "three" });
});

test("with none possible, one message says what was tried and what to install", async () => {
  const { surroundings } = machine();
  const looking = [way("PATH", "no `pulumi` is on it"), way("Pulumi's cache", "it is empty")];
  const getting = [way("Pulumi's download", "ENOTFOUND"), way("build from Go modules", new Error("no Go"))];
  await expect(ensureEngine(surroundings, looking, getting)).rejects.toThrowErrorMatchingInlineSnapshot(`
    [RocmarkError: No Pulumi engine (pulumi 3.259.0 or newer, and pulumi-language-nodejs) could be found or got. Tried:
      - PATH: no \`pulumi\` is on it
      - Pulumi's cache: it is empty
      - Pulumi's download: ENOTFOUND
      - build from Go modules: no Go
    Do one of these and run the same command again:
      - install Pulumi (https://www.pulumi.com/docs/install/) so that \`pulumi\` is on the PATH;
      - allow connections to get.pulumi.com and github.com;
      - install Go 1.25 or later (https://go.dev/doc/install) and allow connections to its module proxy.]
  `);
});

test("an interruption ends the search: no further way is tried", async () => {
  const { surroundings } = machine();
  const abort = new AbortController();
  const interrupted: Way = {
    name: "slow",
    find: async () => {
      abort.abort();
      return "it was stopped";
    },
  };
  const search = ensureEngine(
    { ...surroundings, signal: abort.signal },
    [interrupted],
    [way("next", engine)],
  );
  await expect(search).rejects.toThrow("aborted");
});

test("a home that cannot be written is a reason, not a crash", async () => {
  const { home, surroundings } = machine();
  mkdirSync(home, { recursive: true });
  script(join(home, "versions"), "");
  const { engine: found, attempts } = await tryWays(lookingWays, surroundings);
  expect(found).toBeNull();
  expect(attempts).toHaveLength(2);
});
