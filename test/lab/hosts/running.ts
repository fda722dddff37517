import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SshSettings } from "../../../ssh/settings.ts";
import { callControl } from "./control.ts";
import type { Place } from "./place.ts";
import type { Outcome } from "./run.ts";
import type { LabConfig } from "./settings.ts";
import { endLab } from "./sweep.ts";

/** What a lab says of one node. */
export interface NodeStatus {
  name: string;
  address: string;
  /** The host's public key, in OpenSSH's form. */
  hostKey: string;
  state: "off" | "booting" | "running";
}

/** A node of a running lab, as the operator sees it. */
export class LabNode {
  readonly name: string;
  readonly address: string;
  readonly port = 22;
  readonly hostKey: string;
  readonly user: string;
  readonly privateKeyFile: string;
  readonly #control: string;

  constructor({ name, address, hostKey }: NodeStatus, user: string, directory: string) {
    this.name = name;
    this.address = address;
    this.hostKey = hostKey;
    this.user = user;
    this.privateKeyFile = join(directory, "key");
    this.#control = join(directory, "control");
  }

  /** How to connect, host key pinned. */
  get settings(): SshSettings {
    return {
      host: this.address,
      port: this.port,
      user: this.user,
      credentials: { privateKey: readFileSync(this.privateKeyFile, "utf8") },
      hostKey: { kind: "pinned", key: this.hostKey },
    };
  }

  /** Runs a command by bash as root in the node, past SSH: works while the node is cut off, throws while it is off. */
  exec(command: string, input = ""): Promise<Outcome> {
    return this.#call("exec", command, input) as Promise<Outcome>;
  }

  #call(method: string, ...words: unknown[]): Promise<unknown> {
    return callControl(this.#control, method, [this.name, ...words]);
  }
}

/** A running lab. */
export class Lab {
  readonly place: Place;
  readonly nodes: readonly LabNode[];
  readonly #supervisor: ChildProcess | undefined;

  private constructor(place: Place, nodes: readonly LabNode[], supervisor: ChildProcess | undefined) {
    this.place = place;
    this.nodes = nodes;
    this.#supervisor = supervisor;
  }

  /** The lab that runs at a place; whoever started it may hand over the process that keeps it. */
  static async connect(place: Place, supervisor?: ChildProcess): Promise<Lab> {
    const config = JSON.parse(readFileSync(join(place.directory, "config.json"), "utf8")) as LabConfig;
    const statuses = await readStatus(place);
    const nodes = statuses.map((status) => new LabNode(status, config.user, place.directory));
    return new Lab(place, nodes, supervisor);
  }

  /** Ends all of it; nothing of it is left when this returns. */
  async stop(): Promise<void> {
    this.#supervisor?.stdin?.destroy();
    await endLab(this.place);
  }
}

export const readStatus = (place: Place): Promise<NodeStatus[]> =>
  callControl(join(place.directory, "control"), "status", []) as Promise<NodeStatus[]>;
