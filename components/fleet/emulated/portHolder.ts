import { execFile } from "node:child_process";

/** Who listens on a port, as far as this user may know: `name (process 123)`. For an error text, so it never fails. */
export async function findPortHolder(port: number): Promise<string | undefined> {
  const byLsof = parseLsof(await output("lsof", ["-nP", "-a", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"]));
  return byLsof ?? parseSs(await output("ss", ["-ltnpH", `sport = :${port}`]));
}

/** `lsof -F`: a line for each field, `p` process and `c` command. */
export function parseLsof(text: string): string | undefined {
  const pid = /^p(\d+)$/m.exec(text)?.[1];
  const command = /^c(.+)$/m.exec(text)?.[1];
  return pid === undefined ? undefined : `${command ?? "a program"} (process ${pid})`;
}

/** `ss -p`: `users:(("nc",pid=123,fd=3))`. */
export function parseSs(text: string): string | undefined {
  const match = /\(\("([^"]*)",pid=(\d+)/.exec(text);
  return match === null ? undefined : `${match[1]} (process ${match[2]})`;
}

function output(program: string, args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 3_000 }, (_error, stdout) => resolve(stdout ?? ""));
  });
}
