import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../../runProgram.ts";
import type { Fleet } from "../hosts.ts";
import { type Step, tenSteps } from "../steps.ts";
import type { Side } from "./side.ts";

/**
 * Ansible with what its documentation names for speed: pipelining, ControlPersist, a fork a node; and without what this play
 * does not need, gathering facts and looking for a Python.
 */
export function ansibleSide(fleet: Fleet, tools: string, directory: string): Side {
  const program = join(tools, "ansible-playbook");
  const sockets = join(directory, "cp");
  const env = {
    ...process.env,
    ANSIBLE_CONFIG: join(directory, "ansible.cfg"),
    ANSIBLE_HOME: join(directory, "home"),
  };
  const close = async () => {
    for (const socket of await readdir(sockets).catch(() => []))
      await runProgram("ssh", ["-F", "none", "-O", "exit", "-S", join(sockets, socket), "none"]).catch(
        () => "",
      );
    await rm(sockets, { recursive: true, force: true });
    await mkdir(sockets, { recursive: true });
  };
  return {
    name: "ansible",
    version: async () => (await runProgram(program, ["--version"])).split("\n")[0] ?? "",
    async prepare() {
      await close();
      await writeFile(join(directory, "ansible.cfg"), renderSettings(fleet, sockets));
      await writeFile(join(directory, "inventory.json"), renderInventory(fleet));
      await writeFile(join(directory, "play.yml"), renderPlay(tenSteps));
    },
    async run() {
      await runProgram(program, ["-i", "inventory.json", "play.yml"], { cwd: directory, env });
    },
    close,
  };
}

export const renderSettings = (
  { hosts, privateKeyFile, knownHostsFile }: Fleet,
  sockets: string,
): string => `[defaults]
forks = ${hosts.length}
gathering = explicit
host_key_checking = True
private_key_file = ${privateKeyFile}
retry_files_enabled = False

[connection]
pipelining = True

[ssh_connection]
control_path_dir = ${sockets}
ssh_args = -F none -o ControlMaster=auto -o ControlPersist=60s -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=${knownHostsFile}
`;

export function renderInventory({ hosts }: Fleet): string {
  const entries = hosts.map(({ name, address, port, user, root }) => [
    name,
    {
      ansible_host: address,
      ansible_port: port,
      ansible_user: user,
      ansible_python_interpreter: "/usr/bin/python3",
      root,
    },
  ]);
  return JSON.stringify({ all: { hosts: Object.fromEntries(entries) } });
}

/** JSON is YAML. */
export function renderPlay(steps: readonly Step[]): string {
  const tasks = steps.map((step) => ({ name: step.title, ...toTask(step) }));
  return JSON.stringify([{ hosts: "all", gather_facts: false, tasks }], undefined, 2);
}

function toTask(step: Step): Record<string, unknown> {
  if (step.kind === "command")
    return { "ansible.builtin.command": { cmd: step.command, chdir: "{{ root }}" }, changed_when: false };
  const path = `{{ root }}/${step.path}`;
  if (step.kind === "directory")
    return { "ansible.builtin.file": { path, state: "directory", mode: step.mode } };
  return { "ansible.builtin.copy": { dest: path, mode: step.mode, content: step.content } };
}
