import { spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { createInterface } from "node:readline";

/** File descriptors of both ends of a pipe. */
export interface Pipe {
  reads: number;
  writes: number;
}

const descriptors = [3, 4, 5, 6, 7, 8];
const keepReady = 6;

/**
 * Real pipes for commands on Linux, where Node's own are sockets: `echo x > /dev/stderr` or `install /dev/stdin FILE`
 * would fail on a node with "No such device or address", and work on every real host, where sshd makes pipes.
 *
 * Node cannot make one, but a shell can, and `/proc` lets its owner open them. (A named pipe would not do: without a
 * writer, opening it again to read blocks.) Elsewhere `/dev/stdin` opens whatever is there, so nothing is needed.
 */
export class PipePool {
  readonly #ready: Pipe[] = [];
  #filling: Promise<void> | undefined;
  #usable = process.platform === "linux";

  /** That many pipes, or undefined where Node's own have to do. */
  async take(count: number): Promise<Pipe[] | undefined> {
    while (this.#usable && this.#ready.length < count) await this.fill();
    if (!this.#usable) return undefined;
    const taken = this.#ready.splice(0, count);
    if (this.#ready.length < keepReady) void this.fill();
    return taken;
  }

  fill(): Promise<void> {
    this.#filling ??= makePipes()
      .then(
        (made) => void this.#ready.push(...made),
        () => {
          this.#usable = false;
        },
      )
      .finally(() => {
        this.#filling = undefined;
      });
    return this.#filling;
  }
}

export function closePipe({ reads, writes }: Pipe): void {
  closeSync(reads);
  closeSync(writes);
}

/** Each `: |` is a pipe whose reading end the rest of the line keeps; the last shell tells its id and waits. */
const script = [
  "exec 9<&0",
  ...descriptors.map((descriptor) => `: | { exec ${descriptor}<&0`),
  `exec /bin/sh -c 'echo $$; read _' <&9${"; }".repeat(descriptors.length)}`,
].join("; ");

async function makePipes(): Promise<Pipe[]> {
  const holder = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore"], timeout: 10_000 });
  holder.stdin.on("error", () => {});
  const made: Pipe[] = [];
  try {
    const pid = await firstLine(holder);
    for (const descriptor of descriptors) {
      const path = `/proc/${Number(pid)}/fd/${descriptor}`;
      const reads = openSync(path, constants.O_RDONLY);
      made.push({ reads, writes: openSync(path, constants.O_WRONLY) });
    }
    return made;
  } catch (error) {
    for (const pipe of made) closePipe(pipe);
    throw error;
  } finally {
    holder.stdin.end();
  }
}

function firstLine(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error("the shell ended early")));
    if (child.stdout !== null) createInterface(child.stdout).once("line", resolve);
  });
}
