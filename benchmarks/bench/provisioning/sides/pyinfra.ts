import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../../runProgram.ts";
import type { Fleet } from "../hosts.ts";
import { type Step, tenSteps } from "../steps.ts";
import type { Side } from "./side.ts";

/** pyinfra as its documentation has it: one operation a step, all nodes at once. */
export function pyinfraSide(fleet: Fleet, tools: string, directory: string): Side {
  const program = join(tools, "pyinfra");
  return {
    name: "pyinfra",
    version: async () => (await runProgram(program, ["--version"])).trim(),
    async prepare() {
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, "inventory.py"), renderInventory(fleet));
      await writeFile(join(directory, "deploy.py"), renderDeploy(tenSteps));
    },
    async run() {
      const parallel = String(fleet.hosts.length);
      await runProgram(program, ["-y", "--parallel", parallel, "inventory.py", "deploy.py"], {
        cwd: directory,
      });
    },
    close: async () => {}, // its connections end with it
  };
}

export function renderInventory({ hosts, privateKeyFile, knownHostsFile }: Fleet): string {
  const entries = hosts.map(({ name, address, port, user, root }) => {
    const data = {
      ssh_hostname: address,
      ssh_port: port,
      ssh_user: user,
      ssh_key: privateKeyFile,
      ssh_known_hosts_file: knownHostsFile,
      ssh_strict_host_key_checking: "yes",
      root,
    };
    return `    (${JSON.stringify(name)}, ${JSON.stringify(data)}),\n`;
  });
  return `nodes = [\n${entries.join("")}]\n`;
}

/** Strings of JSON are strings of Python. */
export function renderDeploy(steps: readonly Step[]): string {
  const operations = steps.map((step) => {
    const name = `name=${JSON.stringify(step.title)}`;
    if (step.kind === "command")
      return `server.shell(${name}, commands=[f"cd {root} && " + ${JSON.stringify(step.command)}])`;
    const place = `f"{root}/" + ${JSON.stringify(step.path)}`;
    const mode = `mode=${JSON.stringify(step.mode.replace(/^0/, ""))}`;
    if (step.kind === "directory") return `files.directory(${name}, path=${place}, ${mode})`;
    return `files.put(${name}, src=StringIO(${JSON.stringify(step.content)}), dest=${place}, ${mode})`;
  });
  return `from io import StringIO

from pyinfra import host
from pyinfra.operations import files, server

root = host.data.root
${operations.join("\n")}
`;
}
