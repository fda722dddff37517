import type { SshPool } from "../ssh/pool.ts";
import type { EngineLog } from "./engineLog.ts";
import type { Phase } from "./errors.ts";
import type { Properties } from "./wire.ts";

/** One request of the engine while it is worked on. */
export interface Operation {
  phase: Phase;
  urn: string;
  /** The resource's name in the program. */
  name: string;
  /** Aborted when the engine cancels, or at the end of the resource's customTimeouts. */
  signal: AbortSignal;
  /** Texts that no message may show. */
  secrets: readonly string[];
  log: EngineLog;
  pool: SshPool;
}

/** What a resource type does. All values as they came, secret marks included. */
export interface ResourceType {
  create(inputs: Properties, operation: Operation): Promise<Properties>;
  update(inputs: Properties, state: Properties, operation: Operation): Promise<Properties>;
  delete(state: Properties, operation: Operation): Promise<void>;
  /** The resource as it is; undefined when it is gone. Without it the state is taken for true. */
  read?(state: Properties, inputs: Properties, operation: Operation): Promise<Reading | undefined>;
  /** Outputs that only doing it will tell. */
  unknownUntilDone: readonly string[];
  /** The id of a new resource. */
  toId(name: string): string;
}

export interface Reading {
  state: Properties;
  inputs: Properties;
}
