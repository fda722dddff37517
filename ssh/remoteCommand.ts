import { quote } from "./quote.ts";

/** What is sent to a node to run one command: the text of the exec request, and what goes ahead of its input. */
export interface RemoteCommand {
  request: string;
  preamble: string;
  /** The remote writes `<marker> <process id>` as a line of its own on stderr before the command starts. */
  marker: string;
}

export interface RemoteCommandArgs {
  command: string;
  /** Exported before the command starts. Never in an argument list, so that `ps` on the node does not show it. */
  environment: Record<string, string>;
  /** `login`: by the user's own shell, as `ssh host command` does. `posix`: by /bin/sh, the text in no argument list. */
  shell: "login" | "posix";
  /** Random, so that no output can be taken for the marker and no script line for the end. */
  nonce: string;
}

/**
 * A constant one-line program reads the real script from stdin and becomes it.
 *
 * - The request holds no quote, backslash or newline inside its quotes, so that bash, zsh, fish and csh as login
 *   shells all hand it to /bin/sh unchanged.
 * - `read` in every sh takes no byte beyond its line, so the rest of stdin is the command's.
 * - Without the end line nothing runs: a connection cut in the middle never leaves half a script running.
 * - `exec` keeps the process: exit code and death by signal reach the SSH server as they are. sshd makes this process
 *   the leader of a group (session.c, do_exec_no_pty), and the line on stderr tells us which.
 */
export function renderRemoteCommand({
  command,
  environment,
  shell,
  nonce,
}: RemoteCommandArgs): RemoteCommand {
  const marker = `rocmark-${nonce}`;
  const end = `end-${nonce}`;
  const loop =
    `echo "${marker} $$" >&2; n=$(echo; echo x); n=\${n%x}; b=; ` +
    `while IFS= read -r l; do if [ "$l" = ${end} ]; then eval "$b"; exit; fi; b=$b$l$n; done; exit 97`;
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  const run = shell === "posix" ? `${command}\n` : `exec "\${SHELL:-/bin/sh}" -c ${quote(command)}\n`;
  return {
    request: `exec /bin/sh -c '${loop}'`,
    preamble: `unset n b l\n${exports.join("")}${run}${end}\n`,
    marker,
  };
}

/** Names that a POSIX shell can export. */
export const isVariableName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);

/**
 * A POSIX script that ends a process, its group and its descendants (those that made a group of their own too):
 * SIGTERM, two seconds to end, SIGKILL. It exits 0 once none is left.
 *
 * `kill` takes a whole group by a negative id; the tree comes from ps, whose -A and -o are POSIX.
 */
export function renderEnd(processId: number): string {
  return `p=${processId}
snapshot() { ps -A -o pid= -o ppid= -o pgid= -o stat= 2>/dev/null; }
t=$(snapshot | awk -v r=$p '{ k[$2] = k[$2] " " $1 }
END { q[1] = r; n = 1; for (i = 1; i <= n; i++) { m = split(k[q[i]], c, " "); for (j = 1; j <= m; j++) { q[++n] = c[j]; print c[j] } } }')
alive() {
  # A zombie is as good as gone: who has to bury it may be slow.
  snapshot | awk -v g=$p -v t=" $p $(echo $t) " '$4 !~ /^Z/ && ($3 == g || index(t, " " $1 " ")) { f = 1 } END { exit !f }'
}
hit() {
  kill -s $1 -- -$p 2>/dev/null
  for x in $p $t; do kill -s $1 $x 2>/dev/null; done
}
hit TERM
i=0
while alive; do
  i=$((i + 1))
  [ $i -eq 20 ] && hit KILL
  [ $i -ge 40 ] && exit 1
  sleep 0.1 2>/dev/null || sleep 1
done
exit 0
`;
}
