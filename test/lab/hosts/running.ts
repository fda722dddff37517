import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { callControl } from "./control.ts";
import type { Place } from "./place.ts";
import { LabNode, type NodeStatus } from "./runningNode.ts";
import { LabRepository } from "./runningRepository.ts";
import type { LabConfig } from "./settings.ts";
import { endLab } from "./sweep.ts";

/** A running lab. */
export class Lab {
  readonly place: Place;
  readonly nodes: readonly LabNode[];
  readonly repository: LabRepository;
  readonly #supervisor: ChildProcess | undefined;

  private constructor(
    place: Place,
    nodes: readonly LabNode[],
    repository: LabRepository,
    supervisor: ChildProcess | undefined,
  ) {
    this.place = place;
    this.nodes = nodes;
    this.repository = repository;
    this.#supervisor = supervisor;
  }

  /** The lab that runs at a place; whoever started it may hand over the process that keeps it. */
  static async connect(place: Place, supervisor?: ChildProcess): Promise<Lab> {
    const config = JSON.parse(readFileSync(join(place.directory, "config.json"), "utf8")) as LabConfig;
    const statuses = await readStatus(place);
    const nodes = statuses.map((status) => new LabNode(status, config.user, place.directory));
    const repository = await LabRepository.connect(join(place.directory, "control"));
    return new Lab(place, nodes, repository, supervisor);
  }

  /** The node with a 0-based index. */
  node(index: number): LabNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`The lab has ${this.nodes.length} nodes, none at ${index}.`);
    return node;
  }

  /** Ends all of it; nothing of it is left when this returns. */
  async stop(): Promise<void> {
    this.#supervisor?.stdin?.destroy();
    await endLab(this.place);
  }
}

export const readStatus = (place: Place): Promise<NodeStatus[]> =>
  callControl(join(place.directory, "control"), "status", []) as Promise<NodeStatus[]>;
