import { z } from "zod";
import { factsSchema } from "../node/facts.ts";
import { installedSchema } from "../node/verification.ts";

const path = z.string().startsWith("/");

const fingerprint = z.looseObject({ facts: factsSchema, installed: installedSchema });

/** A node as the outputs of its stack have it: where it is, and what it held when it was verified. */
const node = z.looseObject({
  name: z.string().min(1),
  host: z.string().min(1),
  port: z.int(),
  user: z.string().min(1),
  /** The only host key that is accepted. */
  hostKey: z.string().min(1),
  privateKeyFile: path,
  python: path,
  bundle: path,
  fingerprint,
  /** By name, where there are several. */
  environments: z.record(z.string(), z.looseObject({ python: path, fingerprint })).optional(),
});

/** What another process asks: how far these nodes are from what was verified. */
export const driftQuestionSchema = z.strictObject({ nodes: z.array(node).min(1) });

export type DeployedNode = z.infer<typeof node>;

/** The environments of a node by name, each with its interpreter and the fingerprint that a run in it has. */
export const environmentsOf = ({ python, fingerprint, environments }: DeployedNode) =>
  environments ?? { default: { python, fingerprint } };
