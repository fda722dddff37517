import * as grpc from "@grpc/grpc-js";
import type { SshPool } from "../ssh/pool.ts";
import type { EngineLog } from "./engineLog.ts";
import { operationTimedOut, type Phase } from "./errors.ts";
import { HalfDone } from "./halfDone.ts";
import { mask, resourceSecrets } from "./mask.ts";
import type { Operation } from "./operation.ts";
import type { Properties } from "./wire.ts";

interface RequestArgs {
  phase: Phase;
  urn: string;
  name: string;
  /** Of the resource's customTimeouts; 0 is none. */
  timeoutSeconds: number;
  /** Everything the request brought that may hold secrets. */
  properties: readonly Properties[];
}

/** The requests in work: each can be ended by the engine's Cancel, and none shows a secret when it fails. */
export class Requests {
  private readonly cancelling = new AbortController();
  private readonly pool: SshPool;
  private readonly log: EngineLog;

  constructor(pool: SshPool, log: EngineLog) {
    this.pool = pool;
    this.log = log;
  }

  /** End everything in work, on nodes too, and whatever comes after. */
  cancel(): void {
    this.cancelling.abort();
  }

  async run<T>(args: RequestArgs, work: (operation: Operation) => Promise<T>): Promise<T> {
    const { phase, urn, name, timeoutSeconds } = args;
    const limit = timeoutSeconds > 0 ? AbortSignal.timeout(timeoutSeconds * 1000) : undefined;
    const signal = limit ? AbortSignal.any([this.cancelling.signal, limit]) : this.cancelling.signal;
    const secrets = [...new Set(args.properties.flatMap(resourceSecrets))].sort(
      (a, b) => b.length - a.length,
    );
    try {
      return await work({ phase, urn, name, signal, secrets, log: this.log, pool: this.pool });
    } catch (error) {
      const explained = limit?.aborted ? operationTimedOut(phase, timeoutSeconds, error) : error;
      throw toStatus(
        mask(explained instanceof Error ? explained.message : String(explained), secrets),
        error instanceof HalfDone,
      );
    }
  }
}

/** How a request ended, as gRPC says it; no secret is in it. */
export interface Failure extends Partial<grpc.StatusObject> {
  details: string;
  /** Whether something may be there all the same, see {@link HalfDone}. */
  isHalfDone: boolean;
}

const toStatus = (details: string, isHalfDone: boolean): Failure => ({
  code: grpc.status.UNKNOWN,
  details,
  isHalfDone,
});
