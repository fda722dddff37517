import { expect, test } from "vitest";
import { type Fleet, renderKnownHost } from "../../../../benchmarks/bench/provisioning/hosts.ts";
import { toOrder } from "../../../../benchmarks/bench/provisioning/measure.ts";
import * as ansible from "../../../../benchmarks/bench/provisioning/sides/ansible.ts";
import * as pyinfra from "../../../../benchmarks/bench/provisioning/sides/pyinfra.ts";
import { type Step, tenSteps } from "../../../../benchmarks/bench/provisioning/steps.ts";
import { summarise } from "../../../../benchmarks/bench/provisioning/summarise.ts";

const host = {
  name: "node-00",
  address: "127.0.0.1",
  port: 2201,
  user: "me",
  hostKey: "ssh-ed25519 AAAA node-00",
  root: "/r/0",
};
const fleet: Fleet = { hosts: [host], privateKeyFile: "/k", knownHostsFile: "/known" };

const steps: Step[] = [
  { kind: "directory", title: "directory", path: "etc/d", mode: "0750" },
  { kind: "file", title: "file", path: "etc/f", mode: "0644", content: 'a "quoted" line\n' },
  { kind: "command", title: "check", command: "bin/check" },
];

test("a line of known_hosts names the port and leaves out the comment", () => {
  expect(renderKnownHost(host)).toBe("[127.0.0.1]:2201 ssh-ed25519 AAAA\n");
});

test("pyinfra's deploy, whole", () => {
  expect(pyinfra.renderDeploy(steps)).toMatchInlineSnapshot(`
    "from io import StringIO

    from pyinfra import host
    from pyinfra.operations import files, server

    root = host.data.root
    files.directory(name="directory", path=f"{root}/" + "etc/d", mode="750")
    files.put(name="file", src=StringIO("a \\"quoted\\" line\\n"), dest=f"{root}/" + "etc/f", mode="644")
    server.shell(name="check", commands=[f"cd {root} && " + "bin/check"])
    "
  `);
});

test("pyinfra's inventory checks host keys", () => {
  expect(pyinfra.renderInventory(fleet)).toMatchInlineSnapshot(`
    "nodes = [
        ("node-00", {"ssh_hostname":"127.0.0.1","ssh_port":2201,"ssh_user":"me","ssh_key":"/k","ssh_known_hosts_file":"/known","ssh_strict_host_key_checking":"yes","root":"/r/0"}),
    ]
    "
  `);
});

test("Ansible's settings, whole", () => {
  expect(ansible.renderSettings(fleet, "/s")).toMatchInlineSnapshot(`
    "[defaults]
    forks = 1
    gathering = explicit
    host_key_checking = True
    private_key_file = /k
    retry_files_enabled = False

    [connection]
    pipelining = True

    [ssh_connection]
    control_path_dir = /s
    ssh_args = -F none -o ControlMaster=auto -o ControlPersist=60s -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/known
    "
  `);
});

test("Ansible's play, whole", () => {
  expect(JSON.parse(ansible.renderPlay(steps))).toMatchInlineSnapshot(`
    [
      {
        "gather_facts": false,
        "hosts": "all",
        "tasks": [
          {
            "ansible.builtin.file": {
              "mode": "0750",
              "path": "{{ root }}/etc/d",
              "state": "directory",
            },
            "name": "directory",
          },
          {
            "ansible.builtin.copy": {
              "content": "a "quoted" line
    ",
              "dest": "{{ root }}/etc/f",
              "mode": "0644",
            },
            "name": "file",
          },
          {
            "ansible.builtin.command": {
              "chdir": "{{ root }}",
              "cmd": "bin/check",
            },
            "changed_when": false,
            "name": "check",
          },
        ],
      },
    ]
  `);
});

test("both have a task for each of the ten steps", () => {
  expect(pyinfra.renderDeploy(tenSteps).match(/^(files|server)\./gm)).toHaveLength(10);
  expect(JSON.parse(ansible.renderPlay(tenSteps))[0].tasks).toHaveLength(10);
});

test("in as many repeats as there are sides each is first once and last once", () => {
  const orders = [0, 1, 2].map((repeat) => toOrder(["a", "b", "c"], repeat));
  expect(orders.map((order) => order[0]).sort()).toEqual(["a", "b", "c"]);
  expect(orders.map((order) => order[2]).sort()).toEqual(["a", "b", "c"]);
});

const times = (cold: number[], again: number[], loginsAgain: number[] = []) => ({
  cold,
  again,
  loginsCold: [],
  loginsAgain,
});

test("figures are ratios of medians, above 1 where rocmark takes less time", () => {
  const { figures, reasons } = summarise(
    new Map([
      ["rocmark", times([2, 9, 4], [1, 1.5, 2], [0, 0, 0])],
      ["ssh", times([1, 1, 1], [])],
      ["ansible", times([50, 40, 60], [])],
    ]),
    { pyinfra: "they could not be installed: no index" },
  );
  expect(figures).toEqual({
    vsPyinfra: null,
    vsAnsible: 12.5,
    vsSsh: 0.25,
    secondsUp: 4,
    secondsUnchanged: 1.5,
  });
  expect(reasons).toEqual({ vsPyinfra: "they could not be installed: no index" });
});

test("an unchanged update that opened a connection has no figure", () => {
  const { figures, reasons } = summarise(new Map([["rocmark", times([2], [1], [3])]]), {});
  expect(figures.secondsUnchanged).toBeNull();
  expect(reasons.secondsUnchanged).toContain("opened 3 connections");
});
