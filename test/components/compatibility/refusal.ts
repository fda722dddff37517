import type { NodeFacts, RuleName, SoftwareRequest } from "../../../components/compatibility/request.ts";
import type { SourceKey } from "../../../components/compatibility/sources.ts";

/** A request that must not pass on a node, and the document that says so. */
export interface Refusal {
  title: string;
  verdict: "broken" | "unknown";
  rule: RuleName;
  keys: readonly string[];
  source: SourceKey;
  request: SoftwareRequest;
  node: Partial<NodeFacts>;
  /** The pins that the nearest set has otherwise; null where no pin helps. */
  nearest: SoftwareRequest | null;
}

/** Refusals by one rule. */
export function by(rule: RuleName, ...keys: string[]) {
  const refusal =
    (verdict: Refusal["verdict"]) =>
    (
      title: string,
      source: SourceKey,
      request: SoftwareRequest,
      node: Partial<NodeFacts>,
      nearest: SoftwareRequest | null,
    ): Refusal => ({ title, verdict, rule, keys, source, request, node, nearest });
  return { broken: refusal("broken"), unknown: refusal("unknown") };
}

export const driver = "rocmark:software.driver";
export const rocm = "rocmark:software.rocm";
export const pytorch = "rocmark:software.pytorch";
export const python = "rocmark:software.python";

/** Wheels that PyTorch documents. */
export const wheel71 = "2.10.0+rocm7.1";
export const wheel72 = "2.11.0+rocm7.2";
export const wheel64 = "2.9.1+rocm6.4";
export const wheel62 = "2.5.1+rocm6.2";
