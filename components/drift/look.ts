import { readFile } from "node:fs/promises";
import { SshError } from "../../ssh/errors.ts";
import type { SshPool } from "../../ssh/pool.ts";
import { RocmarkError } from "../errors.ts";
import { parseInspection } from "../node/found/inspection.ts";
import { renderInspection } from "../scripts/inspectionScript.ts";
import { systemPackages } from "./asVerified.ts";
import { driftOf } from "./compare.ts";
import { type Item, itemsOf } from "./items.ts";
import { type DeployedNode, environmentsOf } from "./question.ts";

/** What is to be said of a node. */
export interface NodeDrift {
  node: string;
  /** unknown: it could not be looked at. */
  state: "fit" | "drift" | "unknown";
  /** Each difference, or why nothing is known, one line each. */
  problems: string[];
  items: Item[];
  /** How long it took, in seconds. */
  seconds: number;
}

/** How long a node may take to say everything, its devices' checks included. */
const LIMIT_SECONDS = 900;

/** Looks at one node over one connection and changes nothing; what goes wrong there is its own. */
export async function lookAt(node: DeployedNode, pool: SshPool, signal: AbortSignal): Promise<NodeDrift> {
  const started = performance.now();
  const end = (part: Pick<NodeDrift, "state" | "problems" | "items">): NodeDrift => ({
    node: node.name,
    ...part,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  });
  try {
    const text = await inspect(node, pool, signal);
    const found = parseInspection(node.name, text);
    const problems = driftOf(node, found);
    return end({ state: problems.length === 0 ? "fit" : "drift", problems, items: itemsOf(node, found) });
  } catch (error) {
    const isKnown = error instanceof SshError || error instanceof RocmarkError || isFileError(error);
    if (!isKnown || signal.aborted) throw error;
    return end({ state: "unknown", problems: [(error as Error).message], items: [] });
  }
}

async function inspect(node: DeployedNode, pool: SshPool, signal: AbortSignal): Promise<string> {
  const connection = await pool.connect(
    {
      host: node.host,
      port: node.port,
      user: node.user,
      credentials: { privateKey: await readFile(node.privateKeyFile, "utf8") },
      hostKey: { kind: "pinned", key: node.hostKey },
      dialTimeoutSeconds: 15,
      dialErrorLimit: 2,
    },
    { signal },
  );
  const script = renderInspection({
    packages: systemPackages(node),
    environments: Object.entries(environmentsOf(node)).map(([name, { python }]) => ({ name, python })),
    bundle: node.bundle,
  });
  const { exitCode, stdout, stderr } = await connection.exec("exec bash --norc -s", {
    shell: "posix",
    stdin: script,
    timeoutSeconds: LIMIT_SECONDS,
    signal,
  });
  if (exitCode === 0) return stdout;
  const last = stderr.trim().split("\n").at(-1) ?? "";
  throw new RocmarkError(
    "E_INSPECTION",
    `Its inspection ended with ${exitCode ?? "a signal"}: ${last}. If its environment is gone, npx pulumi refresh and npx pulumi up make it again.`,
  );
}

const isFileError = (error: unknown): boolean => typeof (error as NodeJS.ErrnoException).syscall === "string";
