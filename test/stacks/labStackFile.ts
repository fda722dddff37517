import { parse, stringify } from "yaml";

type Section = Record<string, unknown>;

/**
 * The text of a stack's file: the committed one of target ssh with other hosts and pins.
 *
 * @param before the file as it was, in which Pulumi keeps the salt of the stack's secrets; empty for a new one
 */
export function renderLabStack(
  committed: string,
  before: string,
  hosts: readonly Section[],
  software: Section,
): string {
  const { config } = parse(committed) as { config: Record<string, Section> };
  const { encryptionsalt } = (parse(before) ?? {}) as { encryptionsalt?: string };
  return stringify({
    ...(encryptionsalt ? { encryptionsalt } : {}),
    config: {
      ...config,
      "rocmark:nodes": { hosts },
      "rocmark:software": { ...config["rocmark:software"], ...software },
    },
  });
}
