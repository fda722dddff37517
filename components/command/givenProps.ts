import type * as pulumi from "@pulumi/pulumi";

/**
 * Drops the properties that a command was not given. Otherwise the SDK makes an output of each of them, which is a third of what
 * registering a command costs; of a command nobody reads more than what it printed.
 */
export const givenProps: pulumi.ResourceTransformation = ({ props, opts }) => ({
  props: Object.fromEntries(
    Object.entries(props as Record<string, unknown>).filter(
      ([name, value]) => value !== undefined || name === "stdout" || name === "stderr",
    ),
  ),
  opts,
});
