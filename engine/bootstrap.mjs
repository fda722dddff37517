/**
 * `node engine/bootstrap.mjs start|test|setup|install [ARGS]`: what `npm start` and `npm test` run.
 *
 * It needs nothing but an old Node and npm: it installs the packages of package-lock.json when they are not there, then
 * goes on with the Node among them. Progress and problems go to standard error.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const verbs = ["start", "test", "setup", "install"];

/** Why this Node is too old, or null. */
export const nodeProblem = (version) =>
  Number(version.split(".")[0]) >= 20
    ? null
    : `Node 20 or later is wanted, this is ${version} (${process.execPath}). Install it from https://nodejs.org, then run the same command again.`;

/** Why Python cannot make environments, from the exit status and output of {@link pythonQuestion}; null when it can. */
export function pythonProblem(status, said) {
  const wanted = "Python 3.10 or later with its venv module is wanted as `python3`";
  const then = "then run the same command again.";
  if (status === 0) return null;
  if (status === 3)
    return `${wanted}, Python ${said.trim()} was found. Install a newer one (https://www.python.org/downloads), ${then}`;
  if (status === 4)
    return `${wanted}; its venv module is missing. On Debian and Ubuntu: apt-get install python3-venv, ${then}`;
  return `${wanted}, none was found on the PATH. Install it from https://www.python.org/downloads, ${then}`;
}

/** Exits with 3 when too old and with 4 when the parts that make environments are missing. */
const pythonQuestion =
  "import sys\nprint('%d.%d.%d' % sys.version_info[:3])\nif sys.version_info < (3, 10): sys.exit(3)\n" +
  "try:\n import venv, ensurepip\nexcept ImportError: sys.exit(4)";

/**
 * Whether what npm has installed is what the lock asks for: every package that is not optional, at its version.
 *
 * Times of files say less: a checkout touches the lock without changing it, and installing anew takes what runs away.
 */
export function isInstalled(lockText, installedText) {
  const wanted = JSON.parse(lockText).packages;
  const installed = JSON.parse(installedText).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, devOptional, link }]) =>
      path === "" || optional || devOptional || link || installed[path]?.version === version,
  );
}

function installedIn(root) {
  const [lock, installed] = ["package-lock.json", "node_modules/.package-lock.json"].map((file) =>
    join(root, file),
  );
  try {
    return (
      existsSync(join(root, "node_modules", ".bin", "node")) &&
      isInstalled(readFileSync(lock, "utf8"), readFileSync(installed, "utf8"))
    );
  } catch {
    return false;
  }
}

/** Run a child on our terminal; signals sent to us reach it too. Its exit code is as a shell counts. */
function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, options);
    let interrupted = null;
    const forward = (signal) => {
      interrupted ??= signal;
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    const end = (exitCode, problem) => {
      for (const signal of signals) process.off(signal, forward);
      resolve({ exitCode, problem, interrupted });
    };
    child.on("error", (error) => end(127, error.message));
    child.on("close", (code, signal) => end(signal ? 128 + constants.signals[signal] : (code ?? 1), null));
  });
}

async function install(root) {
  const live = process.stderr.isTTY;
  const started = Date.now();
  const show = () => {
    const line = `Installing npm packages, ${Math.round((Date.now() - started) / 1000)} s`;
    process.stderr.write(live ? `\r${line}\u001b[K` : `${line}\n`);
  };
  show();
  const timer = setInterval(show, live ? 1000 : 15000);
  // npm says which of its files is running; a shell alias or a wrapper on the PATH may be another version.
  const npm = process.env.npm_execpath?.endsWith(".js")
    ? [process.execPath, process.env.npm_execpath]
    : ["npm"];
  const [command, ...first] = npm;
  const args = [...first, "ci", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];
  const ended = await run(command, args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  clearInterval(timer);
  if (live) process.stderr.write("\r\u001b[K");
  // npm has its own exit code for an interruption.
  if (ended.interrupted) return 128 + constants.signals[ended.interrupted];
  if (ended.exitCode > 128) return ended.exitCode;
  if (ended.problem)
    return fail(
      `npm is needed and could not be started (${ended.problem}). It comes with Node: https://nodejs.org.`,
    );
  if (ended.exitCode !== 0)
    return fail(
      `npm ci ended with exit code ${ended.exitCode}; its own lines above say why. Nothing else was changed.`,
    );
  if (!existsSync(join(root, "node_modules", ".bin", "node")))
    return fail(
      "npm installed everything but Node itself: the install script of the package `node` did not run. " +
        "If your npm settings say ignore-scripts, run `npm ci --ignore-scripts=false`, then the same command again.",
    );
  return 0;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  return 1;
}

async function main([verb, ...rest]) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  if (!verbs.includes(verb)) {
    fail(`Usage: node engine/bootstrap.mjs ${verbs.join("|")}; found ${verb ? `"${verb}"` : "nothing"}.`);
    return 2;
  }
  const node = nodeProblem(process.versions.node);
  if (node) return fail(node);
  if (verb === "start") {
    const asked = spawnSync("python3", ["-c", pythonQuestion], { encoding: "utf8" });
    const python = pythonProblem(asked.status, asked.stdout ?? "");
    if (python) return fail(python);
  }
  if (!installedIn(root)) {
    const exitCode = await install(root);
    if (exitCode !== 0) return exitCode;
  }
  if (verb === "install") return 0;
  const bin = join(root, "node_modules", ".bin");
  const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) };
  const args = [join(root, "engine", `${verb}.ts`), ...rest];
  const ended = await run(join(bin, "node"), args, { cwd: root, stdio: "inherit", env });
  return ended.problem
    ? fail(`${join(bin, "node")} could not be started (${ended.problem}). Run npm ci.`)
    : ended.exitCode;
}

// Node resolves links in import.meta.url and leaves argv as it was typed.
if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href)
  process.exitCode = await main(process.argv.slice(2));
