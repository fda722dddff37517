/** A counting semaphore whose waiters are served in order and can give up. */
export class Slots {
  private readonly waiting: { grant: () => void; refuse: (reason: unknown) => void }[] = [];
  private used = 0;
  private limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** How many are taken now. */
  get taken(): number {
    return this.used;
  }

  /** Never hand out more than this from now on; what is out stays out. */
  lowerTo(limit: number): void {
    this.limit = Math.max(1, Math.min(this.limit, limit));
  }

  /** Wait for a slot; the returned function gives it back, once. */
  async take(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.used >= this.limit || this.waiting.length > 0) await this.queue(signal);
    else this.used += 1;
    let out = true;
    return () => {
      if (!out) return;
      out = false;
      this.used -= 1;
      this.grantNext();
    };
  }

  /** Everyone who waits gets this error. */
  refuseAll(reason: unknown): void {
    for (const waiter of this.waiting.splice(0)) waiter.refuse(reason);
  }

  private queue(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        const index = this.waiting.indexOf(waiter);
        if (index >= 0) this.waiting.splice(index, 1);
        reject(signal?.reason);
      };
      const waiter = {
        grant: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
        refuse: (reason: unknown) => {
          signal?.removeEventListener("abort", leave);
          reject(reason);
        },
      };
      this.waiting.push(waiter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  private grantNext(): void {
    while (this.used < this.limit) {
      const next = this.waiting.shift();
      if (!next) return;
      // Counted here, not when the waiter wakes up: a newcomer in between would take the same slot.
      this.used += 1;
      next.grant();
    }
  }
}
