import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SshPool } from "../../ssh/pool.ts";
import { apt, reboot } from "./hosts/byHand.ts";
import { startLab } from "./hosts/lab.ts";
import { whyNot } from "./hosts/machine.ts";
import type { Lab } from "./hosts/running.ts";
import type { LabNode } from "./hosts/runningNode.ts";

const reason = whyNot();
if (reason) console.warn(`Skipped, because of this: ${reason}`);

const bootId = "cat /proc/sys/kernel/random/boot_id";

describe.skipIf(reason)("the start of a lab's node", () => {
  let lab: Lab;
  let node: LabNode;

  beforeAll(async () => {
    lab = await startLab({ user: "ubuntu" });
    node = lab.node(0);
  });
  afterAll(() => lab?.stop());

  test.each(["systemctl reboot", "reboot", "shutdown -r now"])(
    "%s ends all that runs, and starts it anew",
    async (command) => {
      const before = await node.read(bootId);
      await node.read(
        "echo kept > /root/kept; echo gone > /run/gone; setsid sleep 1000 > /dev/null 2>&1 < /dev/null &",
      );
      await reboot(node, command);
      expect(await node.read(bootId)).not.toBe(before);
      expect(await node.read("cat /root/kept; ls /run/gone 2>/dev/null; pgrep -x sleep || echo none")).toBe(
        "kept\nnone",
      );
      expect(Number(await node.read("cut -d. -f1 /proc/uptime"))).toBeLessThan(60);
    },
  );

  test("an operator with sudo restarts it over SSH, and the connection ends with it", async () => {
    const pool = new SshPool();
    try {
      const { boots } = await node.readStatus();
      const connection = await pool.connect(node.settings);
      expect((await connection.exec("reboot")).stderr).toMatch(/Interactive authentication required/);
      const ended = connection.exec("sudo -n systemctl reboot; sleep 100");
      await expect(ended).rejects.toThrow();
      await node.waitForBoot(boots);
      const again = await pool.connect(node.settings);
      expect((await again.exec("whoami")).stdout).toBe("ubuntu\n");
    } finally {
      await pool.close();
    }
  });

  test("it is off for as long as was set, and nothing runs in it until then", async () => {
    const { boots } = await node.readStatus();
    await node.nextBoot({ offSeconds: 3 });
    await node.exec("reboot");
    await node.waitUntilOff();
    await expect(node.exec("true")).rejects.toThrow(/node1 is off/);
    await node.waitForBoot(boots);
  });

  test("it never comes back when that was set, until it is turned on", async () => {
    await node.nextBoot({ returns: false });
    await node.exec("reboot");
    await node.waitUntilOff();
    await node.powerOn();
    expect((await node.readStatus()).state).toBe("running");
  });

  test.each(["poweroff", "shutdown -h now"])("%s turns it off", async (command) => {
    await node.exec(command);
    await node.waitUntilOff();
    await node.powerOn();
  });

  test("without power it is off at once", async () => {
    const { boots } = await node.readStatus();
    await node.powerOff();
    await node.waitUntilOff();
    await node.powerOn();
    expect((await node.readStatus()).boots).toBe(boots + 1);
  });

  test("it comes back with another kernel that somebody has installed", async () => {
    await node.nextBoot({ kernel: "6.8.0-62-generic" });
    await reboot(node);
    expect(await node.read("uname -r; dpkg --status linux-image-6.8.0-62-generic | grep ^Status")).toBe(
      "6.8.0-62-generic\nStatus: install ok installed",
    );
  });

  test("an upgrade without asking installs a newer kernel, which the next start runs; a held one stays", async () => {
    await node.kernel("6.8.0-62-generic");
    await lab.repository.publishKernel("6.8.0-71-generic");
    await node.read("apt-mark hold linux-image-virtual");
    await node.read("unattended-upgrade");
    await reboot(node);
    expect(await node.read("uname -r")).toBe("6.8.0-62-generic");
    await node.read("apt-mark unhold linux-image-virtual");
    await node.read("unattended-upgrade");
    expect(await node.read("uname -r; ls /boot/vmlinuz-*")).toMatch(
      /^6\.8\.0-62-generic\n.*vmlinuz-6\.8\.0-71-generic/s,
    );
    await reboot(node);
    expect(await node.read("uname -r")).toBe("6.8.0-71-generic");
    await node.read(apt("purge linux-image-6.8.0-71-generic"));
    await reboot(node);
    expect(await node.read("uname -r")).toBe("6.8.0-62-generic");
  });

  test("with another host key it is refused by who knows the old one", async () => {
    const pool = new SshPool();
    try {
      await node.read("echo kept > /root/kept");
      await node.nextBoot({ newHostKey: true });
      await reboot(node);
      expect((await node.readStatus()).hostKey).not.toBe(node.hostKey);
      await expect(pool.connect({ ...node.settings, dialErrorLimit: 0 })).rejects.toThrow(/host key/i);
      expect(await node.read("cat /root/kept")).toBe("kept");
    } finally {
      await pool.close();
    }
  });

  test("installed anew it has an empty disk and another host key", async () => {
    const { hostKey } = await node.readStatus();
    await node.read("echo kept > /root/kept");
    await node.nextBoot({ reinstalled: true });
    await reboot(node);
    expect(await node.read("ls /root/kept 2>/dev/null || echo gone; uname -r")).toBe(
      "gone\n6.8.0-60-generic",
    );
    expect((await node.readStatus()).hostKey).not.toBe(hostKey);
  });
});
