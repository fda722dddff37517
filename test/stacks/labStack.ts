import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { StackRequest } from "../../components/compatibility/stack.ts";
import type { Engine } from "../../engine/engine.ts";
import { pulumiEnvironment, remoteWork } from "../../engine/environment.ts";
import { capture } from "../../engine/processes.ts";
import { makeLock } from "../lab/hosts/repository/lock.ts";
import type { Lab } from "../lab/hosts/running.ts";
import type { LabNode } from "../lab/hosts/runningNode.ts";
import { renderLabStack } from "./labStackFile.ts";

const repository = resolve(import.meta.dirname, "../..");

/** How a run of Pulumi's CLI ended, what it wrote, both streams together, and how long it took. */
export interface Ran {
  exitCode: number;
  said: string;
  seconds: number;
}

/** What a stack's output `nodes` says of one host. */
export interface NodeOutput {
  name: string;
  driver: string;
  facts: { amdgpuDriver: string | null };
  environments: Record<string, { torch: { version: string } }>;
}

/**
 * This checkout in a folder of its own, and in it the stack "lab" with a lab's nodes as its hosts: what an operator has.
 *
 * The stand-in for PyTorch trains nothing, so what a stack measures is left out; all else is the real program.
 */
export class LabStack {
  readonly directory = mkdtempSync(join(tmpdir(), "rocmark-lab-stack-"));
  readonly #engine: Engine;
  readonly #lab: Lab;
  readonly #env: NodeJS.ProcessEnv;
  /** By node, as the operator has them; a node that was installed anew has another one. */
  readonly #hostKeys: Map<string, string>;
  #software: Record<string, unknown> = {};

  private constructor(engine: Engine, lab: Lab) {
    this.#engine = engine;
    this.#lab = lab;
    this.#hostKeys = new Map(lab.nodes.map(({ name, hostKey }) => [name, hostKey]));
    const checkout = join(this.directory, "rocmark");
    for (const file of listFiles()) {
      mkdirSync(dirname(join(checkout, file)), { recursive: true });
      cpSync(join(repository, file), join(checkout, file), { verbatimSymlinks: true });
    }
    symlinkSync(join(repository, "node_modules"), join(checkout, "node_modules"));
    for (const name of ["home", "state"]) mkdirSync(join(this.directory, name));
    this.#env = pulumiEnvironment(engine, checkout, process.env, {
      PULUMI_HOME: join(this.directory, "home"),
      PULUMI_BACKEND_URL: pathToFileURL(join(this.directory, "state")).href,
      PULUMI_CONFIG_PASSPHRASE: "lab",
      // As `npx pulumi` sets it for this project.
      PULUMI_CONTINUE_ON_ERROR: "true",
      ...remoteWork(availableParallelism()),
      ROCMARK_REPOSITORY_KEY: lab.repository.fingerprint,
      SSH_AUTH_SOCK: "",
    });
  }

  static async create(engine: Engine, lab: Lab, request: StackRequest): Promise<LabStack> {
    const stack = new LabStack(engine, lab);
    stack.pin(request);
    await stack.must("stack", "init", "lab");
    return stack;
  }

  /** Pins other versions from now on, and further builds of PyTorch beside the first, each as a variant. */
  pin({ driver, rocm, pytorch = "" }: StackRequest, beside: Readonly<Record<string, string>> = {}): void {
    const variants = Object.entries(beside).map(([name, pytorch]) => ({
      name,
      pytorch,
      lock: this.#lock(pytorch),
    }));
    const pins = { driver, rocm, pytorch, lock: this.#lock(pytorch), variants };
    this.#software = { ...pins, minFreeDiskGiB: 0.1, removeOnDestroy: true };
    this.#write();
  }

  /** Trusts the key that a node has now. */
  async trustAnew(node: LabNode): Promise<void> {
    this.#hostKeys.set(node.name, (await node.readStatus()).hostKey);
    this.#write();
  }

  async run(verb: string, ...words: string[]): Promise<Ran> {
    const started = performance.now();
    const { exitCode, stdout, stderr } = await capture(
      this.#engine.cli,
      [verb, ...words, "--non-interactive", "--color", "never"],
      { cwd: join(this.directory, "rocmark"), env: this.#env },
    );
    return { exitCode, said: `${stdout}\n${stderr}`, seconds: (performance.now() - started) / 1000 };
  }

  /** Like run; throws when it fails. */
  async must(...words: [string, ...string[]]): Promise<Ran> {
    const ran = await this.run(...words);
    if (ran.exitCode !== 0)
      throw new Error(`pulumi ${words.join(" ")} ended with ${ran.exitCode}:\n${ran.said}`);
    return ran;
  }

  /** `pulumi up` of all but what the stack measures. */
  up(): Promise<Ran> {
    return this.run("up", ...options, ...unmeasured);
  }

  preview(): Promise<Ran> {
    return this.run("preview", "--stack", "lab", "--suppress-outputs", ...unmeasured);
  }

  refresh(): Promise<Ran> {
    return this.run("refresh", ...options, "--diff");
  }

  destroy(): Promise<Ran> {
    return this.run("destroy", ...options);
  }

  async nodes(): Promise<NodeOutput[]> {
    const { said } = await this.must("stack", "output", "nodes", "--stack", "lab", "--json");
    return JSON.parse(said) as NodeOutput[];
  }

  /** What `rocmark doctor --stack` says of each host, and the code that it ends with. */
  async doctor(): Promise<{ exitCode: number; states: string[]; problems: string[] }> {
    const words = ["doctor", "--stack", "lab", "--json"];
    const { exitCode, stdout, stderr } = await capture(this.#at("benchmarks/rocmark"), words, {
      env: this.#env,
    });
    if (stdout === "") throw new Error(`rocmark doctor ended with ${exitCode}:\n${stderr}`);
    const { nodes } = JSON.parse(stdout) as { nodes: { state: string; problems: string[] }[] };
    return {
      exitCode,
      states: nodes.map(({ state }) => state),
      problems: nodes.flatMap(({ problems }) => problems),
    };
  }

  #write(): void {
    const file = this.#at("stacks/Pulumi.lab.yaml");
    const hosts = this.#lab.nodes.map(({ host }) => ({ ...host, hostKey: this.#hostKeys.get(host.name) }));
    const committed = readFileSync(this.#at("stacks/Pulumi.ssh.yaml"), "utf8");
    const before = existsSync(file) ? readFileSync(file, "utf8") : "";
    writeFileSync(file, renderLabStack(committed, before, hosts, this.#software));
  }

  /** Writes the lock of a build of PyTorch; its path in the checkout. */
  #lock(pytorch: string): string {
    const path = `lock-${pytorch}.txt`;
    writeFileSync(this.#at(path), makeLock(pytorch));
    return path;
  }

  #at(path: string): string {
    return join(this.directory, "rocmark", path);
  }

  dispose(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const options = ["--stack", "lab", "--yes", "--skip-preview", "--suppress-outputs"];
// A preview, an update and a refresh leave out what the stack measures.
const unmeasured = ["--exclude", "**rocmark:training:**", "--exclude-dependents"];

const listFiles = (): string[] =>
  execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: repository,
    encoding: "utf8",
  })
    .split("\0")
    .filter((file) => file !== "" && existsSync(join(repository, file)));
