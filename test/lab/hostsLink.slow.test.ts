import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SshPool } from "../../ssh/pool.ts";
import { apt } from "./hosts/byHand.ts";
import { startLab } from "./hosts/lab.ts";
import { whyNot } from "./hosts/machine.ts";
import type { Lab } from "./hosts/running.ts";
import type { LabNode } from "./hosts/runningNode.ts";

const reason = whyNot();
if (reason) console.warn(`Skipped, because of this: ${reason}`);

describe.skipIf(reason)("faults of a lab's node", () => {
  let lab: Lab;
  let node: LabNode;
  let peer: LabNode;
  const pool = new SshPool();

  beforeAll(async () => {
    lab = await startLab({ nodes: 2, diskMiB: 256 });
    [node, peer] = [lab.node(0), lab.node(1)];
  });
  afterEach(() => node.healLink());
  afterAll(async () => {
    await pool.close();
    await lab?.stop();
  });

  const answers = async () => (await peer.exec("ping -c 1 -W 1 node1")).exitCode === 0;
  /** A command over SSH whose connection notices within seconds that nobody answers any more. */
  const overSsh = async (command: string) => {
    const connection = await pool.connect({ ...node.settings, keepaliveSeconds: 1, dialErrorLimit: 0 });
    return connection.exec(command);
  };

  test("a cut link ends what goes over SSH, while the node runs on; healed, it is as before", async () => {
    const running = overSsh("touch /root/begun; sleep 60");
    const failed = expect(running).rejects.toThrow(/keepalive|answer|lost|connection/i);
    await node.read("until [ -e /root/begun ]; do sleep 0.05; done");
    await node.cutLink();
    await failed;
    expect(await answers()).toBe(false);
    expect(await node.read("hostname")).toBe("node1");
    await node.healLink();
    expect((await overSsh("hostname")).stdout).toBe("node1\n");
  });

  test("a link is cut as soon as a file is there, also on what the node has mounted itself", async () => {
    await node.cutLinkWhen("/run/now");
    expect(await answers()).toBe(true);
    await node.read("touch /run/now");
    await node.read(
      "for i in $(seq 200); do [ $(cat /sys/real/class/net/eth0/carrier) = 0 ] && exit; sleep 0.02; done; exit 1",
    );
    expect(await answers()).toBe(false);
  });

  test("a cut that was healed before its file came does not happen", async () => {
    await node.cutLinkWhen("/run/later");
    await node.healLink();
    await node.read("touch /run/later; sleep 0.3");
    expect(await answers()).toBe(true);
  });

  test("a cut stays over a restart", async () => {
    const { boots } = await node.readStatus();
    await node.cutLink();
    await node.exec("reboot");
    await node.waitForBoot(boots);
    expect(await answers()).toBe(false);
  });

  test("a limited link lets no more through, each way", async () => {
    // A quarter of a megabyte in the two seconds of each transfer; without the limit it would be all of uv, and far more.
    await node.limitLink(1_000_000);
    const most = 1_000_000;
    const uv = `$(curl -fsS https://pypi.org/simple/uv/ | grep -o 'https[^"#]*whl' | head -n 1)`;
    const { stdout } = await node.exec(`curl -sS --max-time 2 -o /dev/null -w '%{size_download}' ${uv}`);
    const take = `import contextlib, socket
taken, connection = 0, socket.create_server(("", 9000)).accept()[0]
connection.settimeout(2)
with contextlib.suppress(TimeoutError):
    while data := connection.recv(65536):
        taken += len(data)
print(taken)`;
    const taken = peer.exec("python3 -", take);
    await peer.read("until grep -q ':2328 00000000:0000 0A' /proc/net/tcp; do sleep 0.05; done");
    await node.exec("timeout 2 bash -c 'cat /dev/zero > /dev/tcp/node2/9000'");
    // What the sender's kernel has taken over would come after its end.
    await node.cutLink();
    for (const bytes of [Number(stdout), Number((await taken).stdout)]) {
      expect(bytes).toBeGreaterThan(0);
      expect(bytes).toBeLessThan(most);
    }
  });

  test("of so many packets one is lost", async () => {
    // A link that has just been plugged in again takes up to a second to carry anything.
    await peer.read("until ping -q -c 1 -W 1 node1 > /dev/null; do :; done");
    await node.loseOneIn(2);
    const said = (await peer.exec("ping -q -c 20 -i 0.02 -W 1 node1")).stdout;
    const received = Number(/(\d+) received/.exec(said)?.[1]);
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThan(20);
    await node.healLink();
    expect((await peer.exec("ping -q -c 20 -i 0.02 -W 1 node1")).stdout).toContain("20 received");
  });

  test("a full disk takes no more, without this machine's memory; freed, it does", async () => {
    await node.leaveDisk(1);
    const { exitCode, stderr } = await node.exec("head -c 2M /dev/zero > /root/much");
    expect(stderr).toMatch(/No space left on device/);
    expect(exitCode).not.toBe(0);
    await node.freeDisk();
    await node.read("head -c 2M /dev/zero > /root/much && rm /root/much");
    expect(await node.read("df -m / | awk 'NR == 2 { print $2 }'")).toBe("256");
  });

  test("a held lock of dpkg keeps apt out, and tells who holds it", async () => {
    await node.read(apt("update"));
    const release = await node.holdAptLock();
    const install = apt("-o DPkg::Lock::Timeout=0 install linux-headers-$(uname -r)");
    expect((await node.exec(install)).stderr).toMatch(
      /lock-frontend. It is held by process \d+ \(unattended-upgr\)/,
    );
    await release();
    await node.read(install);
  });

  test("load keeps processors busy until it is ended", async () => {
    const busy = "ps -eo stat= | grep -c ^R";
    const end = await node.load(2);
    expect(Number(await node.read(busy))).toBeGreaterThanOrEqual(3);
    await end();
    expect(Number(await node.read(busy))).toBe(1);
  });
});
