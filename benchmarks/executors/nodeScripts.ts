import { quote } from "../../ssh/quote.ts";
import type { ExperimentNode } from "../experiment.ts";

/** Exit code of {@link renderLock} when somebody else measures on the node. */
export const busyExitCode = 75;

/** Directory of a run on a node. */
export const runDirectory = (node: ExperimentNode, id: string): string => `${node.root}/runs/${id}`;

/** Takes the node for one suite: prints who holds it, and how long still, when it is taken. A lock past its time is void. */
export function renderLock(node: ExperimentNode, owner: string, seconds: number): string {
  const lock = quote(`${node.root}/runs/.lock`);
  return `set -e
mkdir -p ${quote(`${node.root}/runs`)}
now=$(date +%s)
if ! mkdir ${lock} 2>/dev/null; then
  until=$(cat ${lock}/until 2>/dev/null || echo 0)
  if [ "$until" -gt "$now" ]; then printf '%s\\n%s\\n' "$((until - now))" "$(cat ${lock}/owner 2>/dev/null)"; exit ${busyExitCode}; fi
  rm -rf ${lock}
  mkdir ${lock}
fi
printf '%s' ${quote(owner)} > ${lock}/owner
printf '%s' "$((now + ${Math.ceil(seconds)}))" > ${lock}/until
`;
}

/** Gives the node back, if it is still ours. */
export function renderUnlock(node: ExperimentNode, owner: string): string {
  const lock = quote(`${node.root}/runs/.lock`);
  return `[ "$(cat ${lock}/owner 2>/dev/null)" != ${quote(owner)} ] || rm -rf ${lock}`;
}

/** A TCP port that is free on the node now. The kernel chooses it; it may be taken again before it is used. */
export const renderFreePort = (node: ExperimentNode): string =>
  `${quote(node.python)} -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'`;

/** One rank or several on a node, as part of a world of `numNodes`. */
export interface LaunchArgs {
  node: ExperimentNode;
  id: string;
  verb: "train" | "evaluate";
  numNodes: number;
  nodeRank: number;
  ranksPerNode: number;
  /** Where the first node is reached, when there is more than one rank. */
  master: { address: string; port: number };
}

/** Starts the trainer on one node: alone without a launcher, else by torchrun. */
export function renderLaunch({
  node,
  id,
  verb,
  numNodes,
  nodeRank,
  ranksPerNode,
  master,
}: LaunchArgs): string {
  const directory = runDirectory(node, id);
  const trainer = ["-m", "trainer", verb, "--config", `${directory}/config.json`, "--out", directory];
  const launcher = [
    "-m",
    "torch.distributed.run",
    "--nnodes",
    String(numNodes),
    "--node-rank",
    String(nodeRank),
    "--nproc-per-node",
    String(ranksPerNode),
    "--master-addr",
    master.address,
    "--master-port",
    String(master.port),
  ];
  const words = [node.python, ...(numNodes * ranksPerNode > 1 ? launcher : []), ...trainer]
    .map(quote)
    .join(" ");
  return `set -e
cd ${quote(node.bundle)}
${node.threads === null ? "" : `export OMP_NUM_THREADS=${node.threads}\n`}export PYTHONUNBUFFERED=1
exec ${words}
`;
}

/** Packs a run's adapter into one file beside it and says where. */
export const renderPackAdapter = (node: ExperimentNode, id: string): string =>
  `cd ${quote(runDirectory(node, id))} && tar -cf adapter.tar -C adapter .`;
