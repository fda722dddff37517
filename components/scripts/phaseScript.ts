import { type Refusal, refusals } from "./refusals.ts";

/** The phases that change a host as root, in the order in which they run. */
export type Phase = "prerequisites" | "repositories" | "driver" | "rocm";

/** install: make it so; check: say what is there and change nothing; remove: take away what rocmark brought. */
export type Verb = "install" | "check" | "remove";

/** What every phase says of itself when it fails. */
export interface PhaseContext {
  /** The node's name in the stack. */
  node: string;
  /** The stack as `--stack` takes it, for the command to continue. */
  stack: string;
  /** What claims a node: the stack's whole name, "organization/project/stack". */
  claim: string;
  /** How long somebody else's apt is waited for, in seconds. @default a quarter of an hour */
  lockSeconds?: number;
}

/** Where rocmark keeps on a host what it did there, as lists of words that a shell can read; owned by root. */
export const stateDirectory = "/var/lib/rocmark";
export const logDirectory = "/var/log/rocmark";

/**
 * The command that runs a script from standard input as root: as it is, or by sudo without a password.
 *
 * One line for /bin/sh, so that any login shell hands it on; a script of any length fits, as it is in no argument list.
 */
export const rootCommand = ({ node, stack }: Pick<PhaseContext, "node" | "stack">, verb: Verb): string =>
  `exec /bin/sh -c '[ "$(id -u)" != 0 ] || exec bash --norc -s ${verb}; sudo -n true 2>/dev/null || { ` +
  `echo "Node \\"${node}\\": wanted root, found user $(id -un), whom sudo asks for a password. Log in as root, or allow it: ` +
  `echo \\"$(id -un) ALL=(ALL) NOPASSWD:ALL\\" > /etc/sudoers.d/rocmark. To continue: npx pulumi up --stack ${stack}" >&2; ` +
  `exit ${refusals.noRoot}; }; exec sudo -n bash --norc -s ${verb}'`;

/** A line of a phase's script that ends it with a refusal; `$` in the message is the shell's. */
export const die = (refusal: Refusal, message: string): string => `die ${refusals[refusal]} "${message}"`;

const claimedByOther =
  'this node is claimed by stack \\"$(owner)\\" (since $(sed -n s/^since=//p $state/owner)), not by \\"$claim\\". ' +
  "Release it there with: npx pulumi destroy --stack $(owner); or, where that stack is gone, on the node: sudo rm $state/owner";

/** What every phase is made of. */
export const framework = `
beat=
say() { printf '%s\\n' "$*" >&2; }
die() {
  trap - ERR
  local code=$1; shift
  if [ -s "$shown" ]; then
    say "last lines of $shown on the node:"
    tail -n 8 "$shown" | cut -c 1-240 | sed 's/^/  | /' >&2
  fi
  say "Node \\"$node\\", phase $phase: $*"
  say "What works there is untouched. To continue: npx pulumi up --stack $stack"
  exit "$code"
}
json() { printf '"%s"' "$(printf '%s' "$1" | tr -d '\\000-\\037' | sed 's/[\\\\"]/\\\\&/g')"; }
json_list() { local word out=; for word in "$@"; do out=$out\${out:+,}$(json "$word"); done; printf '[%s]' "$out"; }

# Written beside and renamed: a reader sees the old file or the new one, also after a power cut.
put() { # file, its content on standard input
  local partial
  partial=$(mktemp "$1.XXXXXX")
  cat > "$partial"; chmod 644 "$partial"; sync "$partial"; mv "$partial" "$1"
}
listed() { [ ! -f "$state/$1" ] || cat "$state/$1"; }
remember() { # list, words
  local list=$1; shift
  [ $# -gt 0 ] || return 0
  { listed "$list"; printf '%s\\n' "$@"; } | sort -u | put "$state/$list"
}

need_disk() { # MiB
  local free
  free=$(df -Pk /var | awk 'NR == 2 { print int($4 / 1024) }')
  [ "$free" -ge "$1" ] || ${die("diskFull", "$1 MiB of free disk are wanted under /var, $free MiB were found; free some")}
}
owner() { sed -n 's/^stack=//p' "$state/owner" 2>/dev/null || true; }
owned() {
  [ "$(owner)" = "$claim" ] || ${die("claimed", claimedByOther)}
}

begin() {
  need_disk 16
  install -d -m 755 "$state" ${logDirectory}
  exec 9>> "$state/lock"
  local waited=0
  until flock -n 9; do
    [ $((waited % 10)) -ne 0 ] || say "waiting for what an earlier run still does on this node ($waited s)"
    [ "$waited" -lt 1800 ] || ${die("stillRunning", "an earlier run has held $state/lock for 30 minutes; see what still runs there: sudo fuser -v $state/lock")}
    sleep 1
    waited=$((waited + 1))
  done
  [ ! -s "$log" ] || mv -f "$log" "$log.1"
  : > "$log"
  shown=$log
}

# Says every quarter of a minute that a command still runs, which itself writes to the log only.
slowly() { # what, command
  local what=$1 code=0; shift
  (
    seconds=0
    # It keeps the connection's pipes open, so it must not outlive the script that it speaks for.
    while sleep 15 >/dev/null 2>&1 && kill -0 "$$" 2>/dev/null; do
      seconds=$((seconds + 15))
      say "$what, $seconds s: $(tail -n 1 "$log" 2>/dev/null | cut -c 1-120)"
    done
  ) 9>&- &
  beat=$!
  "$@" || code=$?
  hush
  return "$code"
}
hush() {
  [ -n "$beat" ] || return 0
  kill "$beat" 2>/dev/null || true
  wait "$beat" 2>/dev/null || true
  beat=
}
quietly() { "$@" >> "$log" 2>&1; }
`;
