import { readFileSync } from "node:fs";
import type { NodeFacts } from "../../../components/compatibility/request.ts";
import type { StackRequest } from "../../../components/compatibility/stack.ts";
import { unexpected } from "../../../components/node/expected.ts";
import { type Facts, parseFacts } from "../../../components/node/facts.ts";
import { type Inspection, parseInspection } from "../../../components/node/found/inspection.ts";
import { driverPackages, type Plan } from "../../../components/node/plan.ts";
import { planNode } from "../../../components/node/preflight.ts";
import { RebootRefused, reboot } from "../../../components/node/reboot/reboot.ts";
import type { Environment, Pins } from "../../../components/node/software.ts";
import { driver } from "../../../components/scripts/driverScript.ts";
import {
  bundleArchive,
  bundleDirectory,
  environmentPython,
  lockFile,
  renderEnvironment,
} from "../../../components/scripts/environmentScript.ts";
import { renderFacts } from "../../../components/scripts/factsScript.ts";
import {
  checkCommand,
  freshCommand,
  renderInspection,
} from "../../../components/scripts/inspectionScript.ts";
import { type Phase, rootCommand, type Verb } from "../../../components/scripts/phaseScript.ts";
import { prerequisites } from "../../../components/scripts/prerequisitesScript.ts";
import { repositories } from "../../../components/scripts/repositoriesScript.ts";
import { rocm } from "../../../components/scripts/rocmScript.ts";
import { type PhasePart, renderPhases } from "../../../components/scripts/systemScript.ts";
import type { SshPool } from "../../../ssh/pool.ts";
import type { LabNode } from "../../lab/hosts/runningNode.ts";

/** How a phase ended: its refusal's code, the JSON it printed, and what a user would read. */
export interface Ended {
  code: number | null;
  said: string;
  told: string;
}

export interface HostArgs {
  node: LabNode;
  pool: SshPool;
  /** Fingerprint of the key that the lab's repositories are signed with. */
  fingerprint: string;
  bundle: { digest: string; archive: string };
  environments: readonly (Environment & { text: string })[];
}

const root = "/opt/rocmark/node";

/** A host of the lab, on which a test runs phases one by one as the components would have them run. */
export class PhaseHost {
  readonly node: LabNode;
  #args: HostArgs;
  #plan: Plan | undefined;
  pins: Pins;
  lockSeconds = 30;
  claim = "organization/rocmark/lab";

  constructor(args: HostArgs, request: StackRequest) {
    this.node = args.node;
    this.#args = args;
    this.pins = {
      request,
      environments: args.environments,
      allowUnknown: false,
      takeOverSources: false,
      reboot: { allowed: true, timeoutMinutes: 2 },
      kernelUpdates: "hold",
      removeOnDestroy: true,
      keyFingerprint: args.fingerprint,
    };
  }

  async exec(command: string, stdin?: string) {
    const connection = await this.#connect();
    return connection.exec(command, { timeoutSeconds: 300, ...(stdin === undefined ? {} : { stdin }) });
  }

  async facts(): Promise<Facts> {
    const { stdout } = await this.exec(renderFacts({ root: null }));
    return parseFacts(this.node.name, stdout);
  }

  /** Asks the matrix about the host as it is now; what it throws is what a preview would say. */
  async plan(stated: NodeFacts | null = null): Promise<Plan> {
    this.#plan = planNode(this.node.name, this.pins, await this.facts(), stated);
    return this.#plan;
  }

  async phase(phase: Phase, verb: Verb = "install"): Promise<Ended> {
    const plan = this.#plan ?? (await this.plan());
    const command = rootCommand(this.#context, verb);
    const { exitCode, stdout, stderr } = await this.exec(command, this.#script(phase, plan));
    return { code: exitCode, said: stdout, told: stderr };
  }

  /** The phases of a list in order, each of which has to end well. */
  async install(...phases: Phase[]): Promise<void> {
    for (const phase of phases) {
      const { code, told } = await this.phase(phase);
      if (code !== 0) throw new Error(`${this.node.name}, ${phase} ended with ${code}: ${told}`);
    }
  }

  async reboot(change: { allowed?: boolean; timeoutSeconds?: number } = {}): Promise<Ended> {
    const plan = this.#plan ?? (await this.plan());
    const told: string[] = [];
    try {
      const { address: host, port, user, hostKey, privateKeyFile } = this.node;
      const state = await reboot(
        {
          ...{ node: this.node.name, stack: "lab", address: { host, port, user, hostKey, privateKeyFile } },
          module: plan.driver?.module ?? null,
          release: plan.driver?.release ?? "",
          kernel: plan.kernel,
          allowed: true,
          timeoutSeconds: 60,
          ...change,
        },
        (line) => told.push(line),
      );
      return { code: 0, said: JSON.stringify(state), told: told.join("\n") };
    } catch (error) {
      if (!(error instanceof RebootRefused)) throw error;
      return { code: error.exitCode, said: "", told: [...told, error.message].join("\n") };
    }
  }

  /** Copies trainer and lock as the components do, and installs an environment. */
  async environment(name = "default"): Promise<Ended> {
    const plan = this.#plan ?? (await this.plan());
    const { bundle, environments } = this.#args;
    const environment = environments.find((entry) => entry.name === name);
    if (environment === undefined) throw new RangeError(`no environment ${name}`);
    const connection = await this.#connect();
    await connection.upload(readFileSync(bundle.archive), bundleArchive(root, bundle.digest));
    await connection.upload(Buffer.from(environment.text), lockFile(root, environment.digest));
    const script = renderEnvironment({
      root,
      environments: `${root}/environments`,
      uvCache: null,
      lockDigest: environment.digest,
      bundleDigest: bundle.digest,
      minFreeDiskGiB: 0,
      pinned: {
        name,
        node: this.node.name,
        stack: "lab",
        lock: lockFile(root, environment.digest),
        python: plan.pythons[name] ?? null,
        wheel: plan.wheels[name] ?? null,
      },
    });
    const { exitCode, stdout, stderr } = await this.exec(script);
    return { code: exitCode, said: stdout, told: stderr };
  }

  async inspect(verb: "install" | "check" = "install"): Promise<Inspection> {
    const plan = this.#plan ?? (await this.plan());
    const script = renderInspection({
      packages: [...driverPackages(plan), ...(plan.rocm?.packages.map(({ name }) => name) ?? [])],
      environments: this.#args.environments.map(({ name, digest }) => ({
        name,
        python: environmentPython(`${root}/environments`, digest),
      })),
      bundle: bundleDirectory(root, this.#args.bundle.digest),
    });
    const { stdout, stderr } = await this.exec(verb === "check" ? checkCommand : freshCommand, script);
    if (stdout === "") throw new Error(stderr);
    return parseInspection(this.node.name, stdout);
  }

  /** What verification would say: each difference a line. */
  async differences(): Promise<string[]> {
    const plan = this.#plan ?? (await this.plan());
    return unexpected(plan, this.pins.environments, await this.inspect(), this.node.user);
  }

  /** A cut is found out by silence: half a minute less of it for each test that cuts. */
  #connect() {
    return this.#args.pool.connect({ ...this.node.settings, keepaliveSeconds: 2 });
  }

  get #context() {
    return { node: this.node.name, stack: "lab", claim: this.claim };
  }

  #script(phase: Phase, plan: Plan): string {
    return renderPhases({ ...this.#context, lockSeconds: this.lockSeconds }, [this.#part(phase, plan)]);
  }

  #part(phase: Phase, plan: Plan): PhasePart {
    const { sources, kernel } = plan;
    const { removeOnDestroy, kernelUpdates, takeOverSources } = this.pins;
    if (sources === null) throw new RangeError("nothing is pinned that needs sources");
    switch (phase) {
      case "prerequisites":
        return prerequisites({
          user: this.node.user,
          root,
          kernel,
          kernelPackages: plan.driver?.kernelPackages ?? [],
          tools: ["ca-certificates", "gpg", "python3-venv"],
          kernelUpdates,
          removeOnDestroy,
        });
      case "repositories":
        return repositories({ sources, takeOver: takeOverSources, isPinned: true, ends: true });
      case "driver":
        return driver({ version: plan.driver?.version ?? "", kernel, isPinned: true, ends: true });
      case "rocm":
        return rocm({ packages: plan.rocm?.packages ?? [], ends: true });
    }
  }
}
