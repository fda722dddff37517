import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { workspaceFileName } from "../../engine/pulumiFiles.ts";
import { checkout, file, folder, stubEngine } from "./stubs.ts";

/** What a stub prints of the environment it was given, one `NAME=value` a line. */
const tell = `for name in PULUMI_BACKEND_URL PULUMI_CONFIG_PASSPHRASE_FILE PULUMI_SKIP_UPDATE_CHECK PWD; do
  eval "[ -z \\"\\\${$name+x}\\" ] || echo \\"$name=\\$$name\\""
done`;

/** A checkout, an engine on the PATH that does {@link body}, and a way to call the launcher in it. */
function launcher(body: string) {
  const [root, home, bin] = [checkout(), folder(), folder()];
  stubEngine(bin, "3.259.0", body);
  const env = { PATH: `${bin}:/usr/bin:/bin`, PULUMI_HOME: home, HOME: home };
  const pulumi = (args: string[], more: NodeJS.ProcessEnv = {}, cwd = root) => {
    const settings = { cwd, env: { ...env, ...more }, encoding: "utf8", input: "from stdin" } as const;
    const { status, signal, stdout, stderr } = spawnSync(join(root, "engine", "pulumi"), args, settings);
    return { status, signal, stdout, stderr, lines: stdout.trimEnd().split("\n") };
  };
  return { root, home, env, pulumi };
}

test("hands over arguments, standard input, output, errors and the exit code as they are", () => {
  const { pulumi } = launcher(`for word; do echo "[$word]"; done; cat; echo err >&2; exit 7`);
  expect(pulumi(["up", "a b", "", "$HOME", "*"])).toMatchObject({
    status: 7,
    stdout: "[up]\n[a b]\n[]\n[$HOME]\n[*]\nfrom stdin",
    stderr: "err\n",
  });
});

test("is the program itself: a signal ends it as it would end Pulumi", () => {
  const { pulumi } = launcher("kill -TERM $$");
  expect(pulumi(["up"])).toMatchObject({ status: null, signal: "SIGTERM" });
});

test("an interrupt reaches Pulumi once, and Pulumi decides how to end", async () => {
  const { root, env } = launcher(
    `trap 'echo interrupted; exit 3' INT; echo ready; while :; do sleep 0.1; done`,
  );
  const child = spawn(join(root, "engine", "pulumi"), ["up"], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (data) => {
    said += data;
    if (said === "ready\n") child.kill("SIGINT");
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  expect([status, said]).toEqual([3, "ready\ninterrupted\n"]);
});

test("the local stack gets its own backend, and a passphrase for this user alone", () => {
  const { root, pulumi } = launcher(tell);
  const passphrase = join(root, ".rocmark", "passphrase");
  expect(pulumi(["preview"]).lines).toEqual([
    `PULUMI_BACKEND_URL=${pathToFileURL(join(root, ".rocmark", "state")).href}`,
    `PULUMI_CONFIG_PASSPHRASE_FILE=${passphrase}`,
    "PULUMI_SKIP_UPDATE_CHECK=true",
    `PWD=${root}`,
  ]);
  expect(statSync(passphrase).mode & 0o777).toBe(0o600);
  expect(existsSync(join(root, ".rocmark", "state"))).toBe(true);
});

const untouched = ["PULUMI_SKIP_UPDATE_CHECK=true"];
test.each<[string, string[], NodeJS.ProcessEnv]>([
  ["another stack", ["up", "-s", "prod"], {}],
  ["another stack by variable", ["up"], { PULUMI_STACK: "prod" }],
  ["making another stack", ["stack", "init", "ssh"], {}],
  ["login", ["login"], {}],
])("%s uses Pulumi's own ways, and nothing is made for it", (_title, args, more) => {
  const { root, pulumi } = launcher(tell);
  expect(pulumi(args, more).lines).toEqual([...untouched, `PWD=${root}`]);
  expect(existsSync(join(root, ".rocmark"))).toBe(false);
});

test("what the user has set wins", () => {
  const { pulumi } = launcher(tell);
  const set = { PULUMI_BACKEND_URL: "s3://bucket", PULUMI_SKIP_UPDATE_CHECK: "false" };
  expect(pulumi(["up", "-s", "local"], set).lines.slice(0, 2)).toEqual([
    "PULUMI_BACKEND_URL=s3://bucket",
    "PULUMI_SKIP_UPDATE_CHECK=false",
  ]);
});

test("one node that fails does not stop the others, unless the user says otherwise; other projects have Pulumi's own way", () => {
  const { root, pulumi } = launcher('echo "$PULUMI_CONTINUE_ON_ERROR"');
  const other = join(root, "examples", "other");
  file(join(other, "Pulumi.yaml"), "name: other\n");
  expect(pulumi(["up"]).stdout).toBe("true\n");
  expect(pulumi(["up"], { PULUMI_CONTINUE_ON_ERROR: "false" }).stdout).toBe("false\n");
  expect(pulumi(["up"], {}, other).stdout).toBe("\n");
});

test("stacks of hosts elsewhere have more operations at a time than a small machine's processors; the local stack has Pulumi's own number", () => {
  const { pulumi } = launcher('echo "$PULUMI_PARALLEL"');
  const parallel = ({ stdout }: { stdout: string }) => stdout.trimEnd();
  expect(parallel(pulumi(["up", "-s", "prod"]))).toBe(String(Math.max(32, 4 * availableParallelism())));
  expect(parallel(pulumi(["up", "-s", "prod"], { PULUMI_PARALLEL: "3" }))).toBe("3");
  expect(parallel(pulumi(["up"]))).toBe("");
});

test("a program of another project, in a folder of ours or by --cwd, is left alone", () => {
  const { root, pulumi } = launcher(tell);
  const other = join(root, "examples", "other");
  file(join(other, "Pulumi.yaml"), "name: other\n");
  expect(pulumi(["up"], {}, other).lines).toEqual([...untouched, `PWD=${other}`]);
  expect(pulumi(["-C", "examples/other", "up"]).lines).toEqual([...untouched, `PWD=${root}`]);
});

test("a folder of ours without a program of its own is this project", () => {
  const { root, pulumi } = launcher(tell);
  file(join(root, "stacks", "x"), "");
  expect(pulumi(["up"], {}, join(root, "stacks")).lines[0]).toMatch(/^PULUMI_BACKEND_URL=file:/);
});

test("finds its checkout through links, as npm makes them", () => {
  const { root, env } = launcher("echo reached");
  const linked = folder();
  symlinkSync(join(root, "engine"), join(linked, "engine"));
  symlinkSync("engine/pulumi", join(linked, "pulumi"));
  expect(spawnSync(join(linked, "pulumi"), ["up"], { cwd: linked, env, encoding: "utf8" }).stdout).toBe(
    "reached\n",
  );
});

test("after both were selected, the last selected counts", () => {
  const { root, home, pulumi } = launcher(`[ "$4" = fail ] && exit 4\n${tell}`);
  const [ours, cloud] = [pathToFileURL(join(root, ".rocmark", "state")).href, "https://api.pulumi.com"];
  file(join(home, "credentials.json"), JSON.stringify({ current: cloud }));
  const stacks = { [ours]: "organization/rocmark/local", [cloud]: "acme/rocmark/prod" };
  const selections = join(home, "workspaces", workspaceFileName("rocmark", join(root, "Pulumi.yaml")));
  file(selections, JSON.stringify({ stacks }));
  const isLocal = () => pulumi(["up"]).stdout.includes("PULUMI_BACKEND_URL");

  expect(isLocal()).toBe(false);
  expect(pulumi(["stack", "select", "local"]).status).toBe(0);
  expect(isLocal()).toBe(true);
  // A selection that fails changes nothing.
  expect(pulumi(["stack", "select", "prod", "fail"]).status).toBe(4);
  expect(isLocal()).toBe(true);
  pulumi(["stack", "select", "prod"]);
  expect(isLocal()).toBe(false);

  pulumi(["stack", "select", "local"]);
  // Selected by another Pulumi than ours.
  file(selections, JSON.stringify({ stacks: { ...stacks, [cloud]: "acme/rocmark/staging" } }));
  expect(isLocal()).toBe(false);
});

test("a lost passphrase stops no command that needs none", () => {
  const { root, pulumi } = launcher(tell);
  file(join(root, ".rocmark", "state", ".pulumi", "stacks", "rocmark", "local.json"), "{}");
  expect(pulumi(["about"]).lines).toEqual([
    `PULUMI_BACKEND_URL=${pathToFileURL(join(root, ".rocmark", "state")).href}`,
    ...untouched,
    `PWD=${root}`,
  ]);
  expect(existsSync(join(root, ".rocmark", "passphrase"))).toBe(false);
});

test("the file that npx runs may be executed", () => {
  const { root } = launcher("");
  expect(statSync(join(root, "engine", "pulumi")).mode & 0o111).toBe(0o111);
  expect(readFileSync(join(root, "engine", "pulumi"), "utf8")).toMatch(/^#!\/bin\/sh\n/);
});
