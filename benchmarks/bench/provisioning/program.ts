/** The Pulumi program that is measured: a component a node with two commands, one for each phase, as components/ does it. */
import { readFileSync } from "node:fs";
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Fleet } from "./hosts.ts";
import { renderScript } from "./script.ts";
import { preparing, verifying } from "./steps.ts";

const { hosts, privateKeyFile } = JSON.parse(
  readFileSync(process.env.ROCMARK_BENCH_FLEET ?? "", "utf8"),
) as Fleet;
const privateKey = readFileSync(privateKeyFile, "utf8");

for (const { name, address, port, user, hostKey, root } of hosts) {
  const node = new pulumi.ComponentResource("rocmark:bench:Node", name);
  const shared = {
    connection: { host: address, port, user, hostKey, privateKey },
    logging: remote.Logging.None,
    addPreviousOutputInEnv: false,
  };
  const prepared = new remote.Command(
    `${name}-prepare`,
    { ...shared, create: renderScript(root, preparing) },
    { parent: node },
  );
  new remote.Command(
    `${name}-verify`,
    { ...shared, create: renderScript(root, verifying) },
    { parent: node, dependsOn: [prepared] },
  );
}
