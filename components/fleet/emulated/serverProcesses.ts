import { execFile } from "node:child_process";

/** Process ids of the servers of a directory, from lines of `PID STATE COMMAND`; those that ended unreaped left out. */
export function findServers(commands: string, directory: string): number[] {
  return commands.split("\n").flatMap((line) => {
    const at = line.indexOf(` serve --directory=${directory} `);
    const pid = /^\s*(\d+)\s+[^Z\s]\S*\s+\S.*[/\\]main\.ts$/.exec(line.slice(0, Math.max(at, 0)))?.[1];
    return pid === undefined ? [] : [Number(pid)];
  });
}

/** Whether a process is the server of a directory: its number alone may be anybody's by now. */
export async function runsServer(pid: number, directory: string): Promise<boolean> {
  return findServers(await readCommandLines(["-p", String(pid)]), directory).includes(pid);
}

export function readCommandLines(which: string[]): Promise<string> {
  const options = { timeout: 10_000, maxBuffer: 64 * 2 ** 20 };
  return new Promise((resolve) => {
    execFile("ps", [...which, "-ww", "-o", "pid=,stat=,command="], options, (_error, stdout) =>
      resolve(stdout),
    );
  });
}
