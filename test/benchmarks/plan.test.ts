import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { recipeSchema } from "../../components/training/trainerConfig.ts";
import { localExperiment, temporaryDirectory } from "./executors/localNodes.ts";
import { buildTimings } from "./recordBuilder.ts";
import { rocmarkIn } from "./runRocmark.ts";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const rocmark = rocmarkIn(directory);

const sshStack = readFileSync(join(import.meta.dirname, "../../stacks/Pulumi.ssh.yaml"), "utf8");

/** The example of target ssh with one node and with pins, in a file of the test's own. */
function pinnedStack(name: string, pins: Record<string, string>): string {
  const lines = Object.entries(pins).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}`);
  const file = join(directory, name);
  writeFileSync(
    file,
    sshStack
      .replace(/ {6}- name: gpu-b[\s\S]*?\n\n/, "\n")
      .replace("  rocmark:software:\n", `  rocmark:software:\n${lines.join("\n")}\n`)
      .replace(/ {6}- name: two-nodes\n {8}nodes: 2\n/, ""),
  );
  return file;
}

const pins = {
  driver: "30.20.1",
  rocm: "7.1.1",
  pytorch: "2.10.0+rocm7.1",
  lock: "trainer/locks/rocm7.1.txt",
};

function writeSpec(name: string, config: Record<string, unknown>): string {
  const experiment = localExperiment(directory, { repeats: 2 });
  const [scenario] = experiment.scenarios;
  const file = join(directory, name);
  writeFileSync(file, JSON.stringify({ ...experiment, scenarios: [{ ...scenario, config }] }));
  return file;
}

/** The fine-tune of stack "local", every key in it. */
function completeConfig(): Record<string, unknown> {
  const stack = parse(readFileSync(join(import.meta.dirname, "../../stacks/Pulumi.local.yaml"), "utf8"));
  return recipeSchema.parse(stack.config["rocmark:finetune"]);
}

describe("memory", () => {
  test("of the published fine-tune, before there is any stack: MI300X first, what fits and the largest batch", async () => {
    const asked = ["plan", "--model", "Qwen/Qwen3-1.7B", "--recipe", "fast", "--precision", "fp16"];
    const { code, stdout, stderr } = await rocmark(...asked);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /Memory of one-gpu, .*: Qwen\/Qwen3-1\.7B, recipe fast, fp16, no quantisation, fast\.samplesAtOnce 16\n {2}predicted peak \d+\.\d\d GiB/,
    );
    expect(stdout).toMatch(
      /largest batch\n[- ]+\nMI300X +192 GB +\d+\.\d GiB +164\.5 GiB +yes +\d+\.\d GiB, \d+ % +\d+\n/,
    );
    expect(stdout).not.toContain("run  scenario");
  });

  test("of each arm in JSON is what the trainer says, in the scenario that needs most", async () => {
    const { code, stdout } = await rocmark("plan", "--stack", "local", "--json");
    expect(code).toBe(0);
    const { versions, memory, runs } = JSON.parse(stdout);
    expect(versions).toBeNull();
    expect(memory.map(({ arm, scenario }: { arm: string; scenario: string }) => [arm, scenario])).toEqual([
      ["one-node", "accuracy"],
      ["two-nodes", "accuracy"],
    ]);
    expect(memory[0].plan.gpus[0]).toMatchObject({ name: "MI300X", memoryGB: 192, fits: true });
    expect(runs.length).toBe(12);
  });

  test("that a GPU does not have is said, with its shortage", async () => {
    const { stdout } = await rocmark("plan", "--model", "Qwen/Qwen3-8B", "--precision", "fp32");
    expect(stdout).toMatch(/MI300X .* yes /);
    expect(stdout).toMatch(/T4 +16 GB +\d\d\.\d GiB +13\.7 GiB +no +-\d+\.\d GiB, -\d+ % +0\n/);
  });

  test("bf16 on a GPU without it is refused for that GPU alone", async () => {
    const { code, stdout } = await rocmark("plan", "--precision", "bf16");
    expect(code).toBe(0);
    expect(stdout).toMatch(/T4 .* no bf16 in hardware +- +-\n/);
  });
});

describe("versions", () => {
  test("that fit end with 0 and come as a complete set, though the stack is not up and its lock not written", async () => {
    const { code, stdout, stderr } = await rocmark("plan", "--config", pinnedStack("fits.yaml", pins));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("What the stack pins of its software fits its node:");
    expect(stdout).toContain(
      "driver 30.20.1, ROCm 7.1.1, torch 2.10.0+rocm7.1, Python 3.12: every rule holds.",
    );
    expect(stdout).toMatch(/package: amdgpu-dkms=1:6\.16\.6\.30200100/);
    expect(stdout).toMatch(/\nMI300X .*\n/);
  });

  test("that cannot work end with 2, every broken rule with its source and the nearest set", async () => {
    const file = pinnedStack("clash.yaml", { ...pins, pytorch: "2.11.0+rocm7.2" });
    const { code, stdout } = await rocmark("plan", "--config", file);
    expect(code).toBe(2);
    expect(stdout).toMatch(
      /wheel and ROCm \(rocmark:software\.pytorch, rocmark:software\.rocm\)\n.*wanted:.*\n.*found: \+rocm7\.2.*\n.*source: .*https:/,
    );
    expect(stdout).toContain(
      "Nearest set that works: change rocmark:software.pytorch from 2.11.0+rocm7.2 to 2.10.0+rocm7.1",
    );
    const json = await rocmark("plan", "--config", file, "--json");
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({
      versions: { kind: "refused" },
      memory: [{ arm: "one-node", plan: { gpus: [{ name: "MI300X" }, ...Array(13).fill({})] } }],
    });
  });
});

test("the order and what it will take, by earlier runs, without a node", async () => {
  const records = join(directory, "faster");
  mkdirSync(records);
  for (const record of buildTimings({ candidateSeconds: 7 }))
    writeFileSync(join(records, `${record.id}.json`), JSON.stringify(record));
  const { code, stdout } = await rocmark(
    "plan",
    "--spec",
    writeSpec("whole.json", completeConfig()),
    "--records",
    records,
  );
  expect(code).toBe(0);
  expect(stdout.slice(stdout.indexOf("run  scenario"))).toMatchInlineSnapshot(`
    "run  scenario  arm        repeat  nodes           takes
    ---  --------  ---------  ------  --------------  ------
    1    timing    two-nodes  1       node-0, node-1  11.0 s
    2    timing    one-node   1       node-0          14.2 s
    3    timing    one-node   2       node-0          14.2 s
    4    timing    two-nodes  2       node-0, node-1  11.0 s

    About 1 min in all, by earlier runs.
    "
  `);
  expect(existsSync(join(directory, "records"))).toBe(false);
});

describe("bad input", () => {
  const isRefused = async (words: string[], message: string | RegExp) => {
    const { code, stdout, stderr } = await rocmark("plan", ...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
  };

  test.each<[string[], string | RegExp]>([
    [["--stack", "nope"], /There is no .*Pulumi\.nope\.yaml.* for local, ssh; copy one of them/],
    [["--config", "/nowhere.yaml"], /There is no \/nowhere\.yaml/],
    [
      ["--model", "nobody/nothing"],
      /E_MODEL: model\.name: wanted "bundled", a folder with config\.json in it, or one of Qwen/,
    ],
    [["--recipe", "slow"], "Expected one of: walkthrough, fast"],
    [["--precision", "fp8"], "Expected one of: fp16, bf16, fp32"],
    [
      ["--spec", "x", "--stack", "local"],
      "--spec, --stack and --config each say what to plan: give one of them.",
    ],
    [["--spec", "x", "--model", "bundled"], "leave out --model, --recipe and --precision"],
    [["--spec", "/nowhere.json"], "--spec /nowhere.json cannot be read"],
  ])("%j is refused in one line", async (words, message) => {
    await isRefused(words, message);
  });

  test("a config that is no YAML, or describes no stack, is refused with the key that is off", async () => {
    const broken = join(directory, "broken.yaml");
    writeFileSync(broken, "config: [");
    await isRefused(["--config", broken], /broken\.yaml cannot be read/);
    const file = pinnedStack("typo.yaml", { rcom: "7.1.1" });
    await isRefused(["--config", file], "rocmark:software.rcom: no such key");
  });

  test("an experiment whose config the trainer refuses is refused with the trainer's words", async () => {
    const file = writeSpec("part.json", { seed: 42 });
    await isRefused(
      ["--spec", file],
      /Memory of arm "one-node" in "timing": E_CONFIG: its config: the config is refused:[\s\S]* model: missing/,
    );
  });

  test("a machine without Python 3.10 is told what is missing", async () => {
    const bin = join(directory, "bin");
    mkdirSync(bin);
    for (const name of ["python3", ...[10, 11, 12, 13, 14].map((minor) => `python3.${minor}`)])
      writeFileSync(join(bin, name), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const { code, stderr } = await rocmarkIn(directory, { PATH: `${bin}:${process.env.PATH}` })("plan");
    expect(code).toBe(2);
    expect(stderr).toContain("wanted Python 3.10 or later on the PATH, found none");
  });
});
