/**
 * `node downloadProgram.ts VERSION FOLDER`: run Pulumi's own download, from its npm package, into FOLDER/bin.
 *
 * The package sets no time limit on connections: a host that swallows packets would hold a newcomer for minutes.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
// @ts-expect-error -- the npm package `pulumi` has no types.
import { installCLI } from "pulumi/lib/download.js";

const connectSeconds = 10;
const [version = "", folder = ""] = process.argv.slice(2);

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(connectSeconds * 1000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.text();
}

/** The installer fetches the release with curl; the user's own settings (a proxy, a certificate) stay in force. */
function execScript(script: string, args: readonly string[]): void {
  const own = join(process.env.CURL_HOME || homedir(), ".curlrc");
  const settings = `connect-timeout = ${connectSeconds}\nspeed-limit = 1000\nspeed-time = 30\n`;
  writeFileSync(join(folder, ".curlrc"), `${readIfThere(own)}\n${settings}`, { mode: 0o600 });
  const env = { ...process.env, CURL_HOME: folder };
  execFileSync("/bin/sh", [script, ...args], { stdio: ["ignore", 2, 2], env });
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

try {
  await installCLI(version, folder, { fetchText, execScript });
} catch (error) {
  const { message, cause } = error as Error & { cause?: { message?: string; code?: string } };
  const why = cause?.code ?? cause?.message;
  process.stderr.write(`${message.split("\n")[0]}${why === undefined ? "" : ` (${why})`}\n`);
  process.exitCode = 1;
}
