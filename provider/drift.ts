import { hasSecretInput, toOutputs } from "./commandInputs.ts";
import { diffInputs } from "./diff.ts";
import { commandFailed, type Ending } from "./errors.ts";
import type { Reading } from "./operation.ts";
import { conceal, isSecret, type Properties, reveal } from "./wire.ts";

/** Exit code by which `read` says that what `create` made is not there any more. */
const GONE = 3;

/** True in the state of a command whose `read` printed something else than it had printed when it ran. */
const DRIFTED = "drifted";

/** While it is drifted: what it had printed, so that a node that somebody mends by hand is known to be mended. */
const EXPECTED = "expectedStdout";

export const isDrifted = (state: Properties): boolean => reveal(state[DRIFTED]) === true;

/** How a drift shows: the refreshed output is not the one to be, and the mark goes with the next update. */
export const driftChanges = [
  ["stdout", "update"],
  [DRIFTED, "delete"],
] as const;

/**
 * The command as its `read` found it; undefined when it is gone.
 *
 * @throws ProviderError E_COMMAND when `read` could not tell: any exit code but 0 and 3.
 */
export function toReading(
  state: Properties,
  inputs: Properties,
  ending: Ending,
  where: string,
): Reading | undefined {
  if (ending.exitCode === GONE) return undefined;
  if (ending.exitCode !== 0) throw commandFailed("read", where, ending);
  const { [DRIFTED]: _, [EXPECTED]: before, ...rest } = state;
  const expected = isDrifted(state) ? before : state.stdout;
  const found = reveal(toOutputs(inputs, ending).stdout);
  if (found === reveal(expected)) return { state: { ...rest, stdout: expected }, inputs };
  // Whoever marked the output secret meant whatever the command prints.
  const secret = isSecret(expected) || hasSecretInput(inputs);
  const stdout = secret ? conceal(found) : found;
  return { state: { ...rest, stdout, [DRIFTED]: true, [EXPECTED]: expected }, inputs };
}

/** What a state holds besides the inputs. */
export const outputNames: ReadonlySet<string> = new Set([
  "stdout",
  "stderr",
  "assets",
  "archive",
  DRIFTED,
  EXPECTED,
]);

/** Whether an update only changes how drift is looked for: nothing has to run on the node for that. */
export function onlyReadChanged(inputs: Properties, state: Properties): boolean {
  if (isDrifted(state)) return false;
  const olds = Object.fromEntries(Object.entries(state).filter(([name]) => !outputNames.has(name)));
  const changed = [...diffInputs(olds, inputs).keys()];
  return changed.length > 0 && changed.every((name) => name === "read");
}
