import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sshDialer } from "../../../benchmarks/executors/connection.ts";
import { endRemains, findRemains } from "../../../benchmarks/executors/remains.ts";
import { type Experiment, type ExperimentNode, parseExperiment } from "../../../benchmarks/experiment.ts";
import { measure } from "../../../benchmarks/measure.ts";
import { localExperiment, temporaryDirectory } from "./localNodes.ts";

const project = join(import.meta.dirname, "..", "..", "..");
const emulated = join(project, "components", "fleet", "emulated", "main.ts");
const directory = temporaryDirectory();
const names = ["node-0", "node-1"];
const places = names.map((name) => join(directory, "nodes", name));
let nodes: Pick<ExperimentNode, "host" | "port" | "user" | "hostKey" | "root">[];

// Two real SSH servers with host keys of their own; only `python` is a stand-in.
beforeAll(() => {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, "key")]);
  mkdirSync(join(directory, "nodes"));
  nodes = names.map((name, i) => {
    const words = ["ensure", "--name", name, "--directory", places[i] as string, "--lifetime-hours", "1"];
    const key = ["--authorized-key-file", join(directory, "key.pub")];
    const { host, port, user, hostKey, root } = JSON.parse(
      execFileSync(process.execPath, [emulated, ...words, ...key], { encoding: "utf8" }),
    );
    return { host, port, user, hostKey, root };
  });
});
afterAll(() => {
  for (const place of places) execFileSync(process.execPath, [emulated, "stop", "--directory", place]);
  rmSync(directory, { recursive: true, force: true });
});

function experiment(behaviour: string, timeoutSeconds = 30): Experiment {
  const local = localExperiment(directory, { behaviour, timeoutSeconds });
  const reachable = local.nodes.map((node, i) => ({ ...node, ...nodes[i] }));
  return parseExperiment(JSON.stringify({ ...local, nodes: reachable }), "the test");
}

async function run(one: Experiment, signal = new AbortController().signal) {
  const dialer = sshDialer();
  const listeners = { onRun: () => undefined, onMeasured: () => undefined, onProgress: () => undefined };
  return measure(one, { dialer, signal, ...listeners }).finally(() => dialer.close());
}

async function remains(look: typeof findRemains) {
  const dialer = sshDialer();
  const found = await Promise.all(experiment("ok").nodes.map((node) => look(node, dialer)));
  await dialer.close();
  return found;
}

test("both arms are measured, and their adapters arrive as they were", async () => {
  const measured = await run(experiment("ok"));
  expect(measured.map(({ record }) => record.outcome)).toEqual(["ok", "ok"]);
  for (const { record } of measured) {
    const weights = join(directory, "records", record.adapter?.path ?? "", "adapter_model.safetensors");
    expect(readFileSync(weights, "utf8")).toBe(`weights of ${record.id}`);
  }
});

test("what hangs is ended on every node at its time limit", async () => {
  const measured = await run(experiment("hang", 2));
  expect(measured.map(({ record }) => record.outcome)).toEqual(["timeout", "timeout"]);
  for (const node of await remains(findRemains))
    expect(node).toMatchObject({ processes: [], lock: null, error: null });
});

test("an abort ends the remote processes and gives the nodes back", async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error("interrupted")), 1500);
  await expect(run(experiment("hang"), abort.signal)).rejects.toThrow("interrupted");
  for (const node of await remains(findRemains)) expect(node).toMatchObject({ processes: [], lock: null });
});

test("reap finds the directories of runs and removes them, but not on a node that is measuring", async () => {
  const lock = join(nodes[1]?.root as string, "runs", ".lock");
  writeFileSync(lock, `${Math.floor(Date.now() / 1000) + 100}\nsomebody@elsewhere process 1 x\n`);
  const [first, second] = await remains(findRemains);
  expect(first?.runs.length).toBeGreaterThan(0);
  expect(second).toMatchObject({ lock: "somebody@elsewhere process 1 x" });
  expect((await remains(endRemains)).map(({ runs }) => runs.length)).toEqual([0, second?.runs.length]);
  rmSync(lock);
  expect((await remains(endRemains)).map(({ runs }) => runs)).toEqual([[], []]);
});

test("a host that shows another key than the pinned one is never asked to run anything", async () => {
  const one = experiment("ok");
  const [first, second] = one.nodes as [ExperimentNode, ExperimentNode];
  const swapped = { ...one, nodes: [{ ...first, hostKey: second.hostKey }, second] };
  await expect(run(swapped)).rejects.toMatchObject({ code: "E_SSH_HOST_KEY" });
});
