import { aptFunctions, aptLockSeconds } from "./aptFunctions.ts";
import {
  die,
  framework,
  logDirectory,
  type Phase,
  type PhaseContext,
  stateDirectory,
} from "./phaseScript.ts";
import { quote } from "./quote.ts";
import { refusals } from "./refusals.ts";

/** One phase of a script. */
export interface PhasePart {
  phase: Phase;
  /**
   * Defines the functions `wanted` (is it so already?), `work`, `report` (one JSON line on standard output), `remove`, and, where
   * it may be pinned no more, `begun` (has this phase ever been at work here?).
   */
  body: string;
  /** Whether the host is to have it; where not, what rocmark brought is taken away again, if it may be. */
  isPinned: boolean;
  /** Whether what it brought may be taken away: at the end of the stack, or when it is not pinned any more. */
  ends: boolean;
}

/**
 * Phases in order as one script, each in a shell of its own; the first that fails ends it. A removal goes the other way.
 *
 * All of it is one compound command, which bash reads to its end before it starts: a script that is cut on the way does
 * nothing, and no program can eat the rest of it from standard input. A lock is handed on to apt and its children, so the
 * next run waits for what a cut connection left running.
 */
export function renderPhases(context: PhaseContext, parts: readonly PhasePart[]): string {
  const { node, stack, claim, lockSeconds = aptLockSeconds } = context;
  const there = parts.filter(({ isPinned, ends }) => isPinned || ends);
  const functions = there.map(({ phase, body }) => `${phase}_phase() {\n${body.trim()}\n}`);
  const toRun = ({ phase, isPinned }: PhasePart) => `run ${phase} ${isPinned ? "pinned" : "gone"}`;
  const runs = there.map(toRun);
  const ends = there.filter(({ ends }) => ends).map(toRun);
  return `{
set -Eeuo pipefail
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none
node=${quote(node)} stack=${quote(stack)} claim=${quote(claim)} verb=\${1:-install}
state=${stateDirectory} shown=/dev/null
newline='
'
${framework.trim()}

${aptFunctions(lockSeconds).trim()}

${functions.join("\n\n")}

# In a shell of its own: the functions of all phases have the same names.
run() ( # phase, fate
  phase=$1 log=${logDirectory}/$1.log
  trap hush EXIT
  trap 'die ${refusals.unexpected} "a command failed that should not: \${BASH_COMMAND%%$newline*}"' ERR
  "$phase"_phase
  case $2-$verb in
    pinned-install) begin; wanted || { work; wanted || ${die("unexpected", "what was installed is not what was wanted; $log has all of it")}; }; report ;;
    pinned-check) report ;;
    pinned-remove) begin; remove ;;
    gone-install | gone-remove) if begun; then begin; remove; fi ;;
  esac
)
case $verb in
  remove)
    ${[...ends.toReversed(), ":"].join("\n    ")}
    ;;
  *)
    ${runs.join("\n    ")}
    ;;
esac
exit 0
} </dev/null
`;
}
