import { quote } from "../../ssh/quote.ts";

/** Exit codes by which a node's script refuses. */
export const refused = { locked: 75, notOwner: 76 };

/** Where a run lives on a node. */
export const runDirectory = (root: string, id: string) => `${root}/runs/${id}`;

/** How one node takes part in a run. */
export interface Launch {
  directory: string;
  bundle: string;
  python: string;
  verb: "train" | "evaluate";
  threads: number | null;
  /** null for one process alone. */
  world: { numNodes: number; nodeRank: number; ranksPerNode: number; address: string; port: number } | null;
}

/**
 * Starts the trainer. Its stderr goes to `log` in the run's directory as well as to us; stdout is left to the record, and
 * the exit code is the trainer's.
 */
export function renderLaunch({ directory, bundle, python, verb, threads, world }: Launch): string {
  const module = world === null ? [] : ["torch.distributed.run", ...torchrun(world)];
  const words = [
    python,
    ...module.flatMap((word, i) => (i === 0 ? ["-m", word] : [word])),
    "-m",
    "trainer",
    verb,
    "--config",
    `${directory}/config.json`,
    "--out",
    directory,
  ];
  const variables = ["PYTHONUNBUFFERED=1", ...(threads === null ? [] : [`OMP_NUM_THREADS=${threads}`])];
  return `set -eu
cd ${quote(bundle)}
export ${variables.join(" ")}
directory=${quote(directory)}
{
  {
    status=0
    ${words.map(quote).join(" ")} 2>&1 >&3 3>&- || status=$?
    echo "$status" > "$directory/status"
  } | tee "$directory/log" >&2
} 3>&1
exit "$(cat "$directory/status")"
`;
}

function torchrun(world: NonNullable<Launch["world"]>): string[] {
  return [
    "--nnodes",
    `${world.numNodes}`,
    "--node-rank",
    `${world.nodeRank}`,
    "--nproc-per-node",
    `${world.ranksPerNode}`,
    "--master-addr",
    world.address,
    "--master-port",
    `${world.port}`,
  ];
}

/** Prints a port that is free on the node now. Another process may take it before we do. */
export function renderFreePort(python: string): string {
  const program = 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])';
  return `exec ${quote(python)} -c ${quote(program)}`;
}

/**
 * Takes the node for one suite, or prints `<seconds left> <owner>` and exits {@link refused.locked}.
 *
 * The lock is a file made by `ln`, which fails when there is one: it appears whole. Its first line is the time, by the
 * node's clock, after which anybody may take it over, so that a suite that was killed does not block the node for good.
 */
export function renderLock({
  root,
  owner,
  seconds,
}: {
  root: string;
  owner: string;
  seconds: number;
}): string {
  const unique = owner.replaceAll(/[^A-Za-z0-9._-]/g, "-");
  return `set -eu
mkdir -p ${quote(`${root}/runs`)}
cd ${quote(`${root}/runs`)}
now=$(date +%s)
mine=${quote(`.lock.${unique}`)}
stale=$mine.stale
trap 'rm -f "$mine" "$stale"' EXIT
printf '%s\\n%s\\n' "$((now + ${Math.ceil(seconds)}))" ${quote(owner)} > "$mine"
for attempt in 1 2 3; do
  if ln "$mine" .lock 2>/dev/null; then exit 0; fi
  until=$(sed -n 1p .lock 2>/dev/null || true)
  owner=$(sed -n 2p .lock 2>/dev/null || true)
  case $until in ''|*[!0-9]*) until=0 ;; esac
  if [ "$until" -gt "$now" ]; then
    printf '%s %s\\n' "$((until - now))" "$owner"
    exit ${refused.locked}
  fi
  mv .lock "$stale" 2>/dev/null || continue
  # Somebody may have taken the lock over between our look and our move: theirs goes back.
  [ "$(sed -n 2p "$stale")" = "$owner" ] || ln "$stale" .lock 2>/dev/null || true
  rm -f "$stale"
done
printf '0 another suite\\n'
exit ${refused.locked}
`;
}

/** Says that the owner still measures, for so many seconds more. */
export function renderRenewal({
  root,
  owner,
  seconds,
}: {
  root: string;
  owner: string;
  seconds: number;
}): string {
  return `set -eu
cd ${quote(`${root}/runs`)}
[ "$(sed -n 2p .lock 2>/dev/null)" = ${quote(owner)} ] || exit ${refused.notOwner}
printf '%s\\n%s\\n' "$(($(date +%s) + ${Math.ceil(seconds)}))" ${quote(owner)} > .lock.renewed
mv -f .lock.renewed .lock
`;
}

/** Gives the node back, if it is still ours. */
export function renderUnlock({ root, owner }: { root: string; owner: string }): string {
  return `cd ${quote(`${root}/runs`)} 2>/dev/null || exit 0
if [ "$(sed -n 2p .lock 2>/dev/null)" = ${quote(owner)} ]; then rm -f .lock; fi
`;
}

/** Lists processes whose command line names a directory, \`pid command\` a line. Works where ps is, and where only /proc is. */
export function renderProcesses(directory: string): string {
  return `needle=${quote(directory)}
if command -v ps >/dev/null 2>&1; then
  ps -A -ww -o pid= -o args= 2>/dev/null || ps -A -o pid= -o args=
else
  for f in /proc/[0-9]*/cmdline; do
    p=\${f#/proc/}; printf '%s %s\\n' "\${p%/cmdline}" "$(tr '\\0' ' ' < "$f" 2>/dev/null)"
  done
fi | while read -r pid args; do
  case $args in
    *"torch.distributed.run"*"$needle"*|*"-m trainer"*"$needle"*) [ "$pid" = $$ ] || printf '%s %s\\n' "$pid" "$args" ;;
  esac
done
`;
}

/** Ends what a run left on a node: TERM, two seconds, KILL. For connections that were cut, whose end nobody could order. */
export function renderSweep(directory: string): string {
  return `left() {
${renderProcesses(directory)}}
hit() { left | while read -r pid rest; do kill -s "$1" "$pid" 2>/dev/null || true; done; }
hit TERM
for i in 1 2 3 4 5 6 7 8 9 10; do [ -z "$(left)" ] && exit 0; sleep 0.2 2>/dev/null || sleep 1; done
hit KILL
`;
}
