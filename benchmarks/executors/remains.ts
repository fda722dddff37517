import { quote } from "../../ssh/quote.ts";
import { messageOf } from "../errors.ts";
import type { ExperimentNode } from "../experiment.ts";
import type { Dialer } from "./connection.ts";
import { isDeadHolder } from "./nodeLock.ts";
import { renderProcesses, renderSweep } from "./scripts.ts";

/** What runs have left on a node. */
export interface Remains {
  node: string;
  /** Ids of runs whose directories are there. */
  runs: string[];
  /** Trainers that run now, as `<process id> <command>`. */
  processes: string[];
  /** Who measures there now, null when nobody does. */
  lock: string | null;
  /** Why nothing is known. */
  error: string | null;
}

/** Looks, and changes nothing. */
export async function findRemains(node: ExperimentNode, dialer: Dialer): Promise<Remains> {
  const runs = `${node.root}/runs`;
  const script = `cd ${quote(runs)} 2>/dev/null || { printf 'lock \\n'; exit 0; }
until=$(sed -n 1p .lock 2>/dev/null || true)
case $until in ''|*[!0-9]*) until=0 ;; esac
if [ "$until" -gt "$(date +%s)" ]; then printf 'lock %s\\n' "$(sed -n 2p .lock)"; else printf 'lock \\n'; fi
for run in *; do if [ -d "$run" ]; then printf 'run %s\\n' "$run"; fi; done
{
${renderProcesses(runs)}} | sed 's/^/process /'
`;
  const found: Remains = { node: node.name, runs: [], processes: [], lock: null, error: null };
  try {
    const connection = await dialer.connect(node, AbortSignal.timeout(60_000));
    const { stdout, exitCode, stderr } = await connection.exec(script, {
      shell: "posix",
      timeoutSeconds: 60,
    });
    if (exitCode !== 0) return { ...found, error: stderr.trim() || `exit code ${exitCode}` };
    for (const line of stdout.split("\n")) {
      const [, kind, text = ""] = /^(lock|run|process) (.*)$/.exec(line) ?? [];
      if (kind === "lock" && text !== "" && !isDeadHolder(text)) found.lock = text;
      else if (kind === "run") found.runs.push(text);
      else if (kind === "process") found.processes.push(text);
    }
    return found;
  } catch (cause) {
    return { ...found, error: messageOf(cause) };
  }
}

/** Ends the trainers and removes the directories of runs, unless a suite measures on the node; says what is left. */
export async function endRemains(node: ExperimentNode, dialer: Dialer): Promise<Remains> {
  const found = await findRemains(node, dialer);
  if (found.error !== null || found.lock !== null) return found;
  const runs = `${node.root}/runs`;
  try {
    const connection = await dialer.connect(node, AbortSignal.timeout(60_000));
    await connection.exec(renderSweep(runs), { shell: "posix", timeoutSeconds: 60 });
    const directories = found.runs.map((run) => quote(`${runs}/${run}`)).join(" ");
    if (directories !== "")
      await connection.exec(`rm -rf -- ${directories}`, { shell: "posix", timeoutSeconds: 300 });
  } catch (cause) {
    return { ...found, error: messageOf(cause) };
  }
  return findRemains(node, dialer);
}
