import { runProgram } from "../../runProgram.ts";
import type { Fleet } from "../hosts.ts";
import { renderScript } from "../script.ts";
import { tenSteps } from "../steps.ts";
import type { Side } from "./side.ts";

/** Plain OpenSSH, all nodes at once, one script a node on standard input: what no tool can be much faster than. */
export function sshSide({ hosts, privateKeyFile, knownHostsFile }: Fleet): Side {
  const options = [
    "-F",
    "none",
    "-i",
    privateKeyFile,
    ...[
      "IdentitiesOnly=yes",
      "BatchMode=yes",
      "StrictHostKeyChecking=yes",
      `UserKnownHostsFile=${knownHostsFile}`,
    ].flatMap((option) => ["-o", option]),
  ];
  return {
    name: "ssh",
    version: async () => (await runProgram("/bin/sh", ["-c", "ssh -V 2>&1"])).trim(),
    prepare: async () => {},
    async run() {
      await Promise.all(
        hosts.map(({ address, port, user, root }) =>
          runProgram("ssh", [...options, "-p", String(port), `${user}@${address}`, "sh -s"], {
            stdin: renderScript(root, tenSteps),
          }),
        ),
      );
    },
    close: async () => {},
  };
}
