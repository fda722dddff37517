import { endProcesses, trySignal } from "./endProcesses.ts";
import { removeGroup, writeGroup } from "./groupRecords.ts";

/** The process groups that a server has started: kept while any member lives, also after the leader has ended. */
export class ProcessGroups {
  readonly #directory: string;
  readonly #groups = new Set<number>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  get size(): number {
    return this.#groups.size;
  }

  add(group: number): void {
    this.#groups.add(group);
    try {
      writeGroup(this.#directory, { group, startedAt: Date.now() });
    } catch {
      // No space, or the directory is going away: the marker in its environment still finds it.
    }
  }

  /** Forgets groups without members, before the system gives their number to somebody else. */
  prune(): void {
    for (const group of this.#groups) {
      if (trySignal(-group, 0)) continue;
      this.#groups.delete(group);
      removeGroup(this.#directory, group);
    }
  }

  async endAll(graceMs: number): Promise<void> {
    this.prune();
    await endProcesses({ groups: [...this.#groups], pids: [] }, graceMs);
    this.prune();
  }
}
