import { z } from "zod";

const text = z.string().min(1);

/** What is known of a node before it is asked, or what it said: the facts that the matrix reads. */
export const nodeFactsSchema = z.strictObject({
  os: text.optional(),
  osVersion: text.optional(),
  kernel: text.optional(),
  gpus: z.array(text).optional(),
  gpuModel: text.optional(),
  secureBoot: z.enum(["off", "enforcing", "key enrolled"]).optional(),
  amdgpuDriver: text.nullable().optional(),
  amdgpuPackage: text.nullable().optional(),
  virtualisation: z.enum(["none", "passthrough", "sr-iov"]).optional(),
  python: text.nullable().optional(),
});

const pin = z.string().optional();

/** What {@link solveStack} is asked, as JSON. */
export const stackQuestionSchema = z.strictObject({
  request: z.strictObject({
    driver: pin,
    rocm: pin,
    pytorch: pin,
    python: pin,
    packages: z.array(text).optional(),
    variants: z.array(z.strictObject({ name: text, pytorch: text, python: pin })).optional(),
  }),
  /** A node's own facts hold more than the matrix reads; null for a node of which nothing is known. */
  nodes: z.array(z.strictObject({ name: text, facts: z.looseObject(nodeFactsSchema.shape).nullable() })),
  allowUnknown: z.boolean().default(false),
});
