import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { environment } from "../machine.ts";
import { run } from "../run.ts";
import { inNetwork, nodeName, setLink } from "./network.ts";

/** The cable of one node, and what is wrong with it. It stays so over reboots. */
export class Link {
  readonly #index: number;
  #cut = false;
  /** The host is on: a host that is off answers nothing, not even "connection refused". */
  #on = false;
  #watch = 0;

  constructor(index: number) {
    this.#index = index;
  }

  async turn(on: boolean): Promise<void> {
    this.#on = on;
    await this.#set();
  }

  /** Pulls the cable: what is on its way is lost, and no end of a connection hears of it. */
  async cut(): Promise<void> {
    this.#cut = true;
    await this.#set();
  }

  /**
   * Pulls the cable as soon as a file is there.
   *
   * @param find path of the file as this process reaches it, or nothing while the host is off
   */
  cutWhen(find: () => string | undefined): void {
    const watch = ++this.#watch;
    const look = async () => {
      while (watch === this.#watch) {
        const path = find();
        if (path !== undefined && existsSync(path)) return this.cut();
        await sleep(10);
      }
    };
    look().catch((error: Error) => console.error(error.stack));
  }

  /** Bits a second that pass, in each direction; bursts of 16 KiB pass at once, and half a second's worth may wait. */
  async limit(bitsPerSecond: number): Promise<void> {
    const shape = ["root", "tbf", "rate", `${bitsPerSecond}bit`, "burst", "16kb", "latency", "500ms"];
    await this.#tc("qdisc", "replace", shape);
  }

  /** Loses one packet in so many, in each direction: by count and not by chance, so that a test sees the same each time. */
  async lose(oneIn: number): Promise<void> {
    const rule = [
      "-m",
      "statistic",
      "--mode",
      "nth",
      "--every",
      String(oneIn),
      "--packet",
      "0",
      "-j",
      "DROP",
    ];
    await this.#iptables("-A", "INPUT", "-i", "eth0", ...rule);
    await this.#iptables("-A", "OUTPUT", "-o", "eth0", ...rule);
  }

  /** As good as new. */
  async heal(): Promise<void> {
    this.#watch += 1;
    this.#cut = false;
    await this.#iptables("-F");
    await this.#tc("qdisc", "replace", ["root", "pfifo_fast"]);
    await this.#set();
  }

  async #set(): Promise<void> {
    await setLink(this.#index, this.#on && !this.#cut ? "up" : "down");
  }

  async #tc(object: string, verb: string, words: readonly string[]): Promise<void> {
    await run("tc", [object, verb, "dev", nodeName(this.#index), ...words], { environment });
    await run("nsenter", [...inNetwork(this.#index), "tc", object, verb, "dev", "eth0", ...words], {
      environment,
    });
  }

  async #iptables(...words: string[]): Promise<void> {
    await run("nsenter", [...inNetwork(this.#index), "iptables", "-w", ...words], { environment });
  }
}
