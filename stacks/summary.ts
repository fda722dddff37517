import * as pulumi from "@pulumi/pulumi";
import type { Node } from "../components/node/node.ts";

/** A node in the stack's output `nodes`: where it is, what it is, and what is installed on it. */
export const summarise = (name: string, node: Node) =>
  pulumi
    .all([node.address, node.facts, node.driver, node.fingerprint, node.environments])
    .apply(([address, facts, driver, { digest, installed }, environments]) => ({
      name,
      address: `${address.user}@${address.host}:${address.port}`,
      hostKey: address.hostKey,
      root: address.root,
      driver,
      facts,
      torch: installed.torch,
      python: installed.python,
      fingerprint: digest,
      environments: Object.fromEntries(
        Object.entries(environments).map(([variant, { python, fingerprint }]) => [
          variant,
          { python, torch: fingerprint.installed.torch, fingerprint: fingerprint.digest },
        ]),
      ),
    }));
