import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../machine.ts";
import { run } from "../run.ts";

/** A node's disk: what it writes lies in memory, over directories that all nodes share. */
export class Disk {
  /** The node's file tree. */
  readonly root: string;
  readonly #memory: string;
  readonly #lower: readonly string[];
  readonly #sizeMiB: number;

  /** @param lower directories below what the node writes, the uppermost first */
  constructor(directory: string, lower: readonly string[], sizeMiB: number) {
    this.root = join(directory, "root");
    this.#memory = join(directory, "disk");
    this.#lower = lower;
    this.#sizeMiB = sizeMiB;
  }

  async make(): Promise<void> {
    for (const path of [this.#memory, this.root]) await mkdir(path, { recursive: true });
    await mount("-t", "tmpfs", "-o", `size=${this.#sizeMiB}m,mode=755`, "tmpfs", this.#memory);
    const [upper, work] = [join(this.#memory, "upper"), join(this.#memory, "work")];
    for (const path of [upper, work]) await mkdir(path);
    const layers = `lowerdir=${this.#lower.join(":")},upperdir=${upper},workdir=${work}`;
    await mount("-t", "overlay", "-o", layers, "overlay", this.root);
  }

  /** Throws all away that the node has written. */
  async remove(): Promise<void> {
    for (const path of [this.root, this.#memory]) await run("umount", [path], { environment });
  }

  /** Leaves so much space, and none of this machine's memory is taken for what is missing. Undefined: as it was made. */
  async leave(freeMiB: number | undefined): Promise<void> {
    const { blocks, bfree, bsize } = await statfs(this.#memory);
    const usedKiB = Math.ceil(((blocks - bfree) * bsize) / 1024);
    const sizeKiB = freeMiB === undefined ? this.#sizeMiB * 1024 : usedKiB + freeMiB * 1024;
    await mount("-o", `remount,size=${sizeKiB}k`, this.#memory);
  }
}

const mount = (...words: string[]): Promise<string> => run("mount", words, { environment });
