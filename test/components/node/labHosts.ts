import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import type { StackRequest } from "../../../components/compatibility/stack.ts";
import { lockDigest, parseLock } from "../../../components/node/lock.ts";
import type { Environment } from "../../../components/node/software.ts";
import { type Refusal, refusals } from "../../../components/scripts/refusals.ts";
import { type Bundle, packBundle } from "../../../components/training/bundle.ts";
import { SshPool } from "../../../ssh/pool.ts";
import { startLab } from "../../lab/hosts/lab.ts";
import { makeLock } from "../../lab/hosts/repository/lock.ts";
import type { Lab } from "../../lab/hosts/running.ts";
import type { LabOptions } from "../../lab/hosts/settings.ts";
import { type Ended, PhaseHost } from "./phaseHost.ts";

const trainer = resolve(import.meta.dirname, "../../../trainer");

/** The sets of versions that the tests install, change to and go back from. */
export const pinned = {
  "7.1.1": { driver: "30.20.1", rocm: "7.1.1", pytorch: "2.10.0+rocm7.1" },
  "7.2.0": { driver: "30.30.0", rocm: "7.2.0", pytorch: "2.11.0+rocm7.2" },
} as const satisfies Record<string, StackRequest>;

/** An environment of the lab's packages, with its lock's text. */
export function labEnvironment(torch: string, name = "default"): Environment & { text: string } {
  const text = makeLock(torch);
  const digest = lockDigest(text);
  return {
    name,
    packages: parseLock("lock.txt", text),
    digest,
    isPinned: true,
    python: null,
    lock: "lock.txt",
    text,
  };
}

/** A lab, and its hosts as phases see them. `stop` leaves nothing. */
export class LabHosts {
  readonly lab: Lab;
  readonly #pool = new SshPool();
  readonly #bundle: Bundle;
  readonly #directory: string;

  private constructor(lab: Lab, bundle: Bundle, directory: string) {
    this.lab = lab;
    this.#bundle = bundle;
    this.#directory = directory;
  }

  static async start(options: LabOptions): Promise<LabHosts> {
    const directory = mkdtempSync(join(tmpdir(), "rocmark-bundle-"));
    const [lab, bundle] = await Promise.all([
      startLab(options),
      packBundle({ from: trainer, into: directory }),
    ]);
    return new LabHosts(lab, bundle, directory);
  }

  host(index: number, request: StackRequest = pinned["7.1.1"]): PhaseHost {
    return new PhaseHost(
      {
        node: this.lab.node(index),
        pool: this.#pool,
        fingerprint: this.lab.repository.fingerprint,
        bundle: this.#bundle,
        environments: [labEnvironment(request.pytorch ?? "2.10.0+rocm7.1")],
      },
      request,
    );
  }

  async stop(): Promise<void> {
    await this.#pool.close();
    await this.lab?.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** A phase ended with a refusal whose last lines say why, on which node, and how to go on. */
export function expectRefusal(ended: Ended, refusal: Refusal, why: RegExp): void {
  expect(ended).toMatchObject({ code: refusals[refusal], told: expect.stringMatching(why) });
  expect(ended.told.trimEnd().split("\n").at(-1)).toBe(
    ended.told.includes("What works there is untouched")
      ? "What works there is untouched. To continue: npx pulumi up --stack lab"
      : "To continue: npx pulumi up --stack lab",
  );
}
