import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { startLab } from "./hosts/lab.ts";
import { type ProcessId, readChildren, readProcess, runs } from "./hosts/liveness.ts";
import { environment, whyNot } from "./hosts/machine.ts";
import { operatorLinkExists } from "./hosts/operatorLink.ts";
import { labsDirectory, type Place, toPlace } from "./hosts/place.ts";
import { attempt } from "./hosts/run.ts";
import { isAlive, sweep } from "./hosts/sweep.ts";

const reason = whyNot();
if (reason) console.warn(`Skipped, because of this: ${reason}`);

const program = join(import.meta.dirname, "hosts/main.ts");
const lab = (...words: string[]) => attempt(process.execPath, [program, ...words], { environment });

const readKeepers = (place: Place) =>
  JSON.parse(readFileSync(join(place.directory, "supervisor.json"), "utf8")) as Record<
    "outer" | "inner",
    ProcessId
  >;

/** Every process below one, in whatever namespace. */
const descendants = (pid: number): ProcessId[] =>
  readChildren(pid).flatMap((child) => [readProcess(child) ?? [], descendants(child)].flat());

/** What is left of a lab outside its directory, once its end had time to be complete. */
async function remains(place: Place, processes: readonly ProcessId[]): Promise<Record<string, unknown>> {
  const look = async () => ({
    processes: processes.filter(runs).length,
    link: await operatorLinkExists(place),
    mounts: readFileSync("/proc/self/mountinfo", "utf8").includes(place.directory),
    networks: existsSync("/run/netns")
      ? readdirSync("/run/netns").filter((name) => /^node\d+$/.test(name))
      : [],
  });
  for (let tries = 0; tries < 400; tries += 1) {
    const found = await look();
    if (found.processes === 0 && !found.link) return found;
    await sleep(25);
  }
  return look();
}

const nothing = { processes: 0, link: false, mounts: false, networks: [] };

describe.skipIf(reason)("a lab's end", () => {
  test("by stop leaves nothing, files included", async () => {
    const running = await startLab({ nodes: 2 });
    const processes = descendants(readKeepers(running.place).outer.pid);
    // Two nodes have an init and an sshd each, besides the supervisor.
    expect(processes.length).toBeGreaterThanOrEqual(5);
    expect(await operatorLinkExists(running.place)).toBe(true);
    await running.stop();
    expect(await remains(running.place, processes)).toEqual(nothing);
    expect(existsSync(running.place.directory)).toBe(false);
  });

  test("does not wait for a connection that still has something to send, for which the kernel keeps a network", async () => {
    const running = await startLab({ nodes: 1 });
    const { place, nodes } = running;
    // Asks the lab's repository for more than it takes.
    const ask = `import socket, ssl, time
link = socket.socket()
link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
link.connect(("repo.radeon.com", 443))
link = ssl.create_default_context().wrap_socket(link, server_hostname="repo.radeon.com")
link.send(b"GET /rocm/apt/7.1.1/dists/noble/main/binary-amd64/Packages HTTP/1.1\\r\\nHost: repo.radeon.com\\r\\n\\r\\n")
open("/tmp/asked", "w").close()
time.sleep(60)`;
    await nodes[0]?.read(
      `setsid python3 -c '${ask}' > /tmp/said 2>&1 < /dev/null & until [ -e /tmp/asked ] || [ -s /tmp/said ]; do sleep 0.1; done; cat /tmp/said; [ -e /tmp/asked ]`,
    );
    await sleep(500);
    await nodes[0]?.cutLink();
    await running.stop();
    expect(await operatorLinkExists(place)).toBe(false);
  });

  test.each(["inner", "outer"] as const)(
    "by SIGKILL of its supervisor's %s process leaves files alone, which the next sweep removes",
    async (which) => {
      const { place } = await startLab({ nodes: 2 });
      const keepers = readKeepers(place);
      const processes = [keepers.outer, ...descendants(keepers.outer.pid)];
      process.kill(keepers[which].pid, "SIGKILL");
      expect(await remains(place, processes)).toEqual(nothing);
      expect(isAlive(place)).toBe(false);
      await sweep();
      expect(existsSync(place.directory)).toBe(false);
    },
  );

  test("comes with SIGKILL of the process that started it", async () => {
    const module = JSON.stringify(join(import.meta.dirname, "hosts/lab.ts"));
    const script = `const { startLab } = await import(${module}); console.log((await startLab()).place.id); setInterval(() => {}, 1e6);`;
    const launcher = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const place = toPlace(await firstLine(launcher), labsDirectory());
    const keepers = readKeepers(place);
    const processes = [keepers.outer, ...descendants(keepers.outer.pid)];
    expect(processes.filter(runs)).toEqual(processes);
    launcher.kill("SIGKILL");
    expect(await remains(place, processes)).toEqual(nothing);
    await sweep();
    expect(existsSync(place.directory)).toBe(false);
  });

  test("that was started by hand comes by hand: up, status, exec, down", async () => {
    const up = await lab("up", "4", "--user", "ubuntu");
    expect(up.stderr).toBe("");
    const id = /^lab ([0-9a-f]{4}),/.exec(up.stdout)?.[1] ?? "";
    const place = toPlace(id, labsDirectory());
    const processes = descendants(readKeepers(place).outer.pid);
    const [ssh, ...words] = /^ {4}(ssh .*)$/m.exec(up.stdout)?.[1]?.split(" ") ?? [];
    const options = [
      "-o",
      "StrictHostKeyChecking=no",
      "-o",
      "UserKnownHostsFile=/dev/null",
      "-o",
      "LogLevel=ERROR",
    ];
    expect(execFileSync(ssh ?? "", [...options, ...words, "hostname"], { encoding: "utf8" })).toBe("node1\n");
    expect((await lab("status", "--lab", id)).stdout).toMatch(/node1 +running .*node4 +running/s);
    const executed = await lab("exec", "--lab", id, "node3", "hostname; cat --number /nowhere");
    expect([executed.stdout, executed.exitCode]).toEqual(["node3\n", 1]);
    expect((await lab("down", "--lab", id)).stdout).toBe(`lab ${id} is gone\n`);
    expect(await remains(place, processes)).toEqual(nothing);
    expect((await lab("exec", "--lab", id, "node1", "true")).stderr).toMatch(/No lab runs/);
  });
});

async function firstLine(child: ChildProcess): Promise<string> {
  const [data] = (await once(child.stdout ?? child, "data")) as [Buffer];
  return data.toString().trim();
}
