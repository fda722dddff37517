import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { SshError } from "../../../ssh/errors.ts";
import type { ExecResult } from "../../../ssh/exec.ts";
import { SshPool } from "../../../ssh/pool.ts";
import type { SshSettings } from "../../../ssh/settings.ts";
import { rootCommand } from "../../scripts/phaseScript.ts";
import { type Refusal, refusals } from "../../scripts/refusals.ts";
import { type BootState, decide, type RebootRequest } from "./request.ts";
import { parseBootState, rebootScript, stateScript } from "./scripts.ts";

/** Why the phase ends without what it was to reach; its code is the program's exit code. */
export class RebootRefused extends Error {
  readonly exitCode: number;

  constructor({ node, stack }: RebootRequest, refusal: Refusal, why: string) {
    super(`Node "${node}", phase reboot: ${why}.\nTo continue: npx pulumi up --stack ${stack}`);
    this.exitCode = refusals[refusal];
  }
}

/** Seconds between two lines that say what is waited for. */
const SAY_EVERY = 15;

/**
 * Makes the pinned driver the loaded one: reboots the node if that is needed, and comes back when a new boot has loaded it.
 *
 * Started again after an interruption it finds out by the node's own boot ids whether it had asked already.
 */
export async function reboot(request: RebootRequest, say: (line: string) => void): Promise<BootState> {
  const before = await waitForNode(request, async () => true, say);
  const decision = decide(request, before);
  if (decision.do === "nothing") return before;
  if (decision.do === "refuse") throw new RebootRefused(request, decision.refusal, decision.why);
  say(`rebooting ${request.node}, so that driver ${request.release} is loaded`);
  let wasAsked = false;
  const isAnother = async ({ bootId, askedIn }: BootState) => {
    if (bootId !== before.bootId) return true;
    // When the connection was lost meanwhile, the node itself says whether it has heard it.
    if (wasAsked && askedIn === bootId) return false;
    wasAsked = true;
    await askToEnd(request);
    return false;
  };
  const after = await waitForNode(request, isAnother, say);
  const outcome = decide(request, after);
  if (outcome.do === "nothing") return after;
  throw outcome.do === "refuse"
    ? new RebootRefused(request, outcome.refusal, outcome.why)
    : new RebootRefused(request, "driverNotLoaded", "the driver was changed again while the node came up");
}

async function askToEnd(request: RebootRequest): Promise<void> {
  const { exitCode, stderr } = await ask(request, rebootScript);
  if (exitCode === 0) return;
  const why = stderr.trim().split("\n").at(-1);
  throw new RebootRefused(
    request,
    "unexpected",
    `it could not be asked to reboot (exit code ${exitCode}: ${why}). Reboot it yourself: sudo systemctl reboot`,
  );
}

/** Asks until the node answers as wanted. Only a limit, or a node that is another one, ends the wait. */
async function waitForNode(
  request: RebootRequest,
  isWanted: (state: BootState) => Promise<boolean>,
  say: (line: string) => void,
): Promise<BootState> {
  const started = performance.now();
  const waited = () => (performance.now() - started) / 1000;
  let said = 0;
  let last = "it has not ended yet";
  for (;;) {
    try {
      const { exitCode, stdout } = await ask(request, stateScript);
      const state = parseBootState(stdout);
      // Anything else is a node on its way down or up.
      if (exitCode === 0 && state.bootId !== "" && (await isWanted(state))) return state;
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      if (error.code === "E_SSH_HOST_KEY") throw new RebootRefused(request, "wrongHostKey", error.message);
      if (error.code === "E_SSH_SETTINGS") throw error;
      last = error.message;
    }
    if (waited() >= request.timeoutSeconds)
      throw new RebootRefused(
        request,
        "rebootTimeout",
        `it has not come back within ${minutes(request.timeoutSeconds)} (${last.replace(/\.$/, "")}). Look at its console; the next run ` +
          "goes on where this one ended. rocmark:software.reboot.timeoutMinutes sets how long is waited",
      );
    if (waited() - said >= SAY_EVERY) {
      said = waited();
      say(
        `waiting for ${request.node} to come back: ${Math.round(said)} s of ${Math.round(request.timeoutSeconds)} s`,
      );
    }
    await sleep(1000);
  }
}

/** Runs a script as root on a connection of its own: one that a reboot cut would be found out late. */
async function ask(request: RebootRequest, script: string): Promise<ExecResult> {
  const pool = new SshPool();
  try {
    const connection = await pool.connect(await toSettings(request));
    const result = await connection.exec(rootCommand(request, "install"), {
      stdin: script,
      timeoutSeconds: 60,
    });
    if (result.exitCode === refusals.noRoot) throw new RebootRefused(request, "noRoot", result.stderr.trim());
    return result;
  } finally {
    await pool.close();
  }
}

const toSettings = async ({ address }: RebootRequest): Promise<SshSettings> => ({
  host: address.host,
  port: address.port,
  user: address.user,
  credentials: { privateKey: await readFile(address.privateKeyFile, "utf8") },
  hostKey: { kind: "pinned", key: address.hostKey },
  dialTimeoutSeconds: 10,
  dialErrorLimit: 0,
  keepaliveSeconds: 3,
});

const minutes = (seconds: number): string =>
  seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
