import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Dialer, NodeConnection } from "../../../benchmarks/executors/connection.ts";
import { type Experiment, parseExperiment } from "../../../benchmarks/experiment.ts";

/** A directory of its own for a test. */
export const temporaryDirectory = () => mkdtempSync(join(tmpdir(), "rocmark-benchmarks-"));

/** Runs a node's commands here, in a process group that an abort kills. No network, real shells. */
export function localDialer(): Dialer {
  const connection: NodeConnection = {
    exec: (command, options = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn("/bin/sh", ["-c", command], {
          detached: true,
          stdio: ["ignore", "pipe", "pipe"],
        });
        let [stdout, stderr] = ["", ""];
        const limit = options.timeoutSeconds ? AbortSignal.timeout(options.timeoutSeconds * 1000) : null;
        const signal = AbortSignal.any([options.signal, limit].filter((one) => one != null));
        const kill = () => child.pid !== undefined && process.kill(-child.pid, "SIGKILL");
        if (signal.aborted) kill();
        signal.addEventListener("abort", kill, { once: true });
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          stdout += text;
          options.onStdout?.(text);
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          stderr += text;
          options.onStderr?.(text);
        });
        child.on("error", reject).on("close", (exitCode) => {
          signal.removeEventListener("abort", kill);
          if (signal.aborted) reject(new Error("the command was ended"));
          else resolve({ exitCode, stdout, stderr });
        });
      }),
    async upload(source, path, { mode = 0o644 } = {}) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, source, { mode });
    },
    download: async (path) => readFileSync(path),
  };
  return { connect: async () => connection, close: async () => undefined };
}

// Stands in for `python`: understands the free-port program, torchrun's options and the trainer's, and does what
// `training.behaviour` says.
const fakePython = (node: string) => `#!${node}
const fs = require("node:fs"), crypto = require("node:crypto"), path = require("node:path");
const words = process.argv.slice(2);
const after = (flag) => words[words.indexOf(flag) + 1];
if (words[0] === "-c") { console.log(45678); process.exit(0); }
const config = JSON.parse(fs.readFileSync(after("--config"), "utf8"));
const out = after("--out");
const rank = words.includes("--node-rank") ? Number(after("--node-rank")) : 0;
const behaviour = config.training.behaviour ?? "ok";
fs.writeFileSync(path.join(out, "words.json"), JSON.stringify({ words, threads: process.env.OMP_NUM_THREADS, cwd: process.cwd() }));
console.error("step 1 of 2 \\u001b[31mred\\u001b[0m");
if (behaviour === "hang") setInterval(() => {}, 1000);
else if (behaviour === "other-rank-fails" && rank === 1) { console.error("rank 1: no memory"); process.exit(1); }
else if (behaviour === "other-rank-fails") setInterval(() => {}, 1000);
else if (behaviour === "crash") { console.error("Traceback: boom"); process.exit(3); }
else if (behaviour === "port" && !fs.existsSync(path.join(out, "tried"))) {
  fs.writeFileSync(path.join(out, "tried"), "");
  console.error("OSError: [Errno 98] EADDRINUSE"); process.exit(1);
} else if (behaviour === "truncated") { process.stdout.write('{"schema": 1, "id": "'); process.exit(0); }
else if (rank === 0) {
  fs.mkdirSync(path.join(out, "adapter"), { recursive: true });
  fs.writeFileSync(path.join(out, "adapter", "adapter_model.safetensors"), "weights of " + config.run.id);
  fs.writeFileSync(path.join(out, "adapter", "adapter_config.json"), "{}");
  const line = (name) => name + " " + crypto.createHash("sha256").update(fs.readFileSync(path.join(out, "adapter", name))).digest("hex") + "\\n";
  let sha256 = crypto.createHash("sha256").update(line("adapter_config.json") + line("adapter_model.safetensors")).digest("hex");
  fs.writeFileSync(path.join(out, "adapter", "manifest.json"), "{}");
  if (behaviour === "wrong-digest") sha256 = "0".repeat(64);
  const diverged = behaviour === "diverged";
  console.log("a line before the record");
  console.log(JSON.stringify({
    schema: 1, id: behaviour === "other-id" ? "another" : config.run.id, startedAt: new Date().toISOString(), stack: config.run.stack,
    experiment: config.run.experiment, arm: config.run.arm, scenario: config.run.scenario, repeat: config.run.repeat,
    outcome: diverged ? "diverged" : "ok", error: diverged ? { code: "E_DIVERGED", message: "loss" } : null, config, seed: config.seed,
    fingerprints: config.fingerprints, code: config.code,
    world: { nodes: config.world.nodes, ranks: config.world.nodes.length, effectiveBatch: 16, transport: "none", device: "cpu" },
    phases: { train: 1.5, total: 2.5 }, steps: null,
    memory: { predictedGiB: null, peakAllocatedGiB: null, peakReservedGiB: null, peakResidentGiB: 0.1 }, evaluation: null,
    adapter: { path: path.join(out, "adapter"), sha256, parameters: 7 },
  }));
  process.exit(diverged ? 1 : 0);
}
`;

/** An experiment on two nodes that are directories here, with arms one-node and two-nodes. */
export function localExperiment(
  directory: string,
  {
    behaviour = "ok",
    repeats = 1,
    timeoutSeconds = 20,
  }: { behaviour?: string; repeats?: number; timeoutSeconds?: number } = {},
): Experiment {
  const python = join(directory, "python");
  writeFileSync(python, fakePython(process.execPath));
  chmodSync(python, 0o755);
  const nodes = ["node-0", "node-1"].map((name) => {
    const root = join(directory, name, "it's a root");
    mkdirSync(root, { recursive: true });
    return {
      name,
      host: "127.0.0.1",
      port: 22,
      user: "nobody",
      hostKey: "ssh-ed25519 AAAA",
      privateKeyFile: join(directory, "key"),
      root,
      python,
      bundle: directory,
      peerAddress: "127.0.0.1",
      threads: 1,
      fingerprint: { node: name, digest: "0".repeat(64), facts: {}, installed: {} },
    };
  });
  const experiment = {
    schema: 1,
    stack: "local",
    name: "first-look",
    seed: 7,
    recordsDirectory: join(directory, "records"),
    nodes,
    code: { version: "0.1.0", commit: "c0ffee", dirty: false, bundle: null },
    arms: [
      { name: "one-node", nodes: ["node-0"], recipe: "walkthrough", variant: "default" },
      { name: "two-nodes", nodes: ["node-0", "node-1"], recipe: "walkthrough", variant: "default" },
    ],
    scenarios: [
      {
        name: "finetune",
        label: "timing",
        repeats,
        timeoutSeconds,
        config: { seed: 42, training: { effectiveBatch: 16, behaviour } },
      },
    ],
  };
  return parseExperiment(JSON.stringify(experiment), "the test");
}
