import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addSources, apt, installDriver, nameSources, reboot } from "./hosts/byHand.ts";
import { startLab } from "./hosts/lab.ts";
import { whyNot } from "./hosts/machine.ts";
import { toRocmTorch } from "./hosts/repository/torch.ts";
import type { Lab } from "./hosts/running.ts";
import type { LabNode } from "./hosts/runningNode.ts";

const reason = whyNot();
if (reason) console.warn(`Skipped, because of this: ${reason}`);

const kernel = "6.8.0-60-generic";
const module = "cat /sys/module/amdgpu/version";
const state = "dpkg --status amdgpu-dkms | sed -n 's/^Status: //p'";

describe.skipIf(reason)("a driver by DKMS on a node of a lab", () => {
  let lab: Lab;
  let node: LabNode;

  beforeAll(async () => {
    lab = await startLab({ ubuntu: "24.04" });
    node = lab.node(0);
  });
  // Every test begins with a host as it was installed.
  beforeEach(async () => {
    const { boots } = await node.readStatus();
    await node.nextBoot({ reinstalled: true });
    await node.exec("reboot");
    await node.waitForBoot(boots);
    await node.dkmsBuild("works");
    await node.secureBoot("off");
    await node.gpus("MI300X", 2);
    await addSources(node, { driver: "30.20.1", rocm: "7.1.1" });
  });
  afterAll(() => lab?.stop());

  test("is built for the running kernel, and serves the GPUs from the next start on", async () => {
    await installDriver(node);
    expect(await node.read("dkms status")).toBe(`amdgpu/6.16.6-2255209.24.04, ${kernel}, x86_64: installed`);
    expect(await node.read("ls /sys/module; ls /dev/kfd /dev/dri 2>/dev/null || true")).toBe("");
    await reboot(node);
    expect(await node.read(module)).toBe("6.16.6");
    expect(await node.read("modinfo -F version amdgpu; lsmod | grep -c ^amdgpu")).toBe("6.16.6\n1");
    expect(await node.read("ls /dev/dri")).toBe("card0\ncard1\nrenderD128\nrenderD129");
  });

  test("without the kernel's headers is configured all the same, and built for nothing", async () => {
    await node.read(apt("update"));
    expect(await node.read(apt("install amdgpu-dkms"))).toContain(
      "headers for this kernel do not seem to be installed",
    );
    expect(await node.read(`dkms status; ${state}`)).toBe(
      "amdgpu/6.16.6-2255209.24.04: added\ninstall ok installed",
    );
    // The headers that come later bring the build with them.
    await node.read(apt(`install linux-headers-${kernel}`));
    expect(await node.read("dkms status")).toMatch(/: installed$/);
  });

  test("whose build fails leaves dpkg half-configured, until the build works", async () => {
    await node.dkmsBuild("fails");
    await expect(installDriver(node)).rejects.toThrow(/returned error exit status 10|error code \(1\)/);
    expect(await node.read(state)).toBe("install ok half-configured");
    expect(await node.read("cat /var/lib/dkms/amdgpu/6.16.6-2255209.24.04/build/make.log")).toContain(
      "error:",
    );
    await node.dkmsBuild("works");
    await node.read("dpkg --configure -a");
    expect(await node.read(state)).toBe("install ok installed");
    expect(await node.read("dkms status")).toMatch(/: installed$/);
  });

  test("is gone with its package, module and tree", async () => {
    await installDriver(node);
    await node.read(apt("purge amdgpu-dkms amdgpu-dkms-firmware"));
    expect(await node.read("dkms status; ls /var/lib/dkms; find /lib/modules -name 'amdgpu*'")).toBe(
      "dkms_dbversion",
    );
  });

  test("of another release takes the place of the one before, which a failed build does not bring back", async () => {
    await installDriver(node);
    await nameSources(node, { driver: "30.30.1", rocm: "7.2.1" });
    await node.dkmsBuild("fails");
    await node.read(apt("update"));
    expect((await node.exec(apt("install amdgpu-dkms"))).exitCode).toBe(100);
    expect(await node.read("dkms status")).toBe("amdgpu/6.16.13-2303411.24.04: added");
    await node.dkmsBuild("works");
    await node.read("dpkg --configure -a");
    await reboot(node);
    expect(await node.read(module)).toBe("6.16.13");
  });

  test("is not loaded with Secure Boot, unless the firmware knows the key that it is signed with", async () => {
    await installDriver(node);
    await node.secureBoot("enforcing");
    expect(await node.read("mokutil --sb-state; od -An -tu1 /sys/firmware/efi/efivars/SecureBoot-*")).toMatch(
      /^SecureBoot enabled\n +6 +0 +0 +0 +1$/,
    );
    await reboot(node);
    expect((await node.exec("modprobe amdgpu")).stderr).toBe(
      "modprobe: ERROR: could not insert 'amdgpu': Key was rejected by service\n",
    );
    expect(await node.read("ls /sys/module")).toBe("");
    await node.secureBoot("key enrolled");
    await node.read("modprobe amdgpu");
    expect(await node.read(module)).toBe("6.16.6");
  });

  test("that a later kernel has no build of gives way to the kernel's own, whose module has no version", async () => {
    await installDriver(node);
    await node.read(apt("install linux-modules-extra-$(uname -r)"));
    await node.dkmsBuild("fails", ["6.8.0-71"]);
    await lab.repository.publishKernel("6.8.0-71-generic");
    await node.read(apt("update"));
    await node.read(apt("install linux-image-generic"));
    await reboot(node);
    expect(await node.read("uname -r; ls /sys/module/amdgpu")).toBe(
      "6.8.0-71-generic\ninitstate\nrefcnt\nsrcversion\ntaint",
    );
    expect((await node.exec(apt("install linux-headers-6.8.0-71-generic"))).stdout).toMatch(
      /header_postinst.d\/dkms exited with return code 11/,
    );
  });
});

describe.skipIf(reason)("hardware and kernel of a lab's node", () => {
  let lab: Lab;
  let node: LabNode;

  beforeAll(async () => {
    lab = await startLab({ ubuntu: "22.04", user: "ubuntu" });
    node = lab.node(0);
  });
  afterEach(() => lab.repository.heal());
  afterAll(() => lab?.stop());

  test.each([
    ["MI300X", "90402", "[1002:74a1]"],
    ["MI300X VF", "90402", "[1002:74b5]"],
    ["MI250X", "90010", "[1002:7408]"],
    ["MI355X", "90500", "[1002:75a3]"],
    ["RX 7900 XTX", "110000", "[1002:744c]"],
  ] as const)("an %s is target %s to KFD and %s to PCI", async (model, target, id) => {
    await node.gpus(model, 1);
    await node.inTreeDriver();
    const topology = "/sys/class/kfd/kfd/topology/nodes";
    expect(await node.read(`sed -n 's/^gfx_target_version //p' ${topology}/*/properties`)).toBe(
      `0\n${target}`,
    );
    expect(await node.read("lspci -nn -d 1002:")).toContain(id);
    expect(await node.read("cat /sys/bus/pci/devices/*/vendor")).toBe("0x1002");
  });

  test("a host without GPUs has an empty list of them, and no driver of its own accord", async () => {
    await node.read("modprobe -r amdgpu");
    await node.gpus("MI300X", 0);
    await reboot(node);
    expect(await node.read("lspci; ls /sys/module /dev/kfd 2>/dev/null || true")).toBe("/sys/module:");
  });

  test("only root and the group render open the GPUs' devices", async () => {
    await node.gpus("MI300X", 1);
    await node.inTreeDriver();
    const open = "su ubuntu -c 'exec 3<> /dev/kfd 4<> /dev/dri/renderD128'";
    expect(await node.read("stat -c '%a %U %G' /dev/kfd /dev/dri/renderD128")).toBe(
      "660 root render\n660 root render",
    );
    expect((await node.exec(open)).stderr).toMatch(/Permission denied/);
    await node.read("usermod --append --groups render ubuntu");
    await node.read(open);
    await node.devices({ kfd: { group: "root", mode: "0600" } });
    expect((await node.exec(open)).stderr).toMatch(/\/dev\/kfd: Permission denied/);
  });

  test("the kernel is the one that was set, and its headers can be had", async () => {
    await node.kernel("6.8.0-45-generic");
    expect(await node.read("uname -r; cat /proc/sys/kernel/osrelease; ls /lib/modules; ls /boot")).toBe(
      [...Array(3).fill("6.8.0-45-generic"), "config-6.8.0-45-generic", "vmlinuz-6.8.0-45-generic"].join(
        "\n",
      ),
    );
    await node.read(`${apt("update")} && ${apt("install linux-headers-$(uname -r)")}`);
    await lab.repository.withdraw("linux-modules-extra-6.8.0-45-generic");
    await node.read(apt("update"));
    expect((await node.exec(apt("install linux-modules-extra-6.8.0-45-generic"))).exitCode).toBe(100);
    await reboot(node);
    expect(await node.read("uname -r")).toBe("6.8.0-45-generic");
  });

  test("amd-smi prints the shapes that its versions have", async () => {
    await node.gpus("MI300X", 2);
    await node.inTreeDriver();
    await addSources(node, { driver: "30.20.1", rocm: "7.1.1" });
    await node.read(`${apt("update")} && ${apt("install amd-smi-lib")}`);
    const read = async () => JSON.parse(await node.read("amd-smi static --json --asic --driver")) as object;
    expect(Object.keys(await read())).toEqual(["gpu_data"]);
    await node.amdSmi({ shape: "array" });
    expect(await read()).toHaveLength(2);
    await node.amdSmi({ shape: "concatenated", unavailable: ["market_name"] });
    const said = await node.read("amd-smi static --json --asic");
    expect(said).toMatch(/\]\n\[/);
    expect(said).toContain('"market_name": "N/A"');
  });

  test("the trainer's probe finds GPUs fit, and tells the one that computes wrongly", async () => {
    await node.gpus("MI300X", 2);
    await node.inTreeDriver();
    const project = join(import.meta.dirname, "../..");
    const pack = ["--exclude=bundled", "--exclude=__pycache__", "-C", project, "-cz", "trainer"];
    const trainer = execFileSync("tar", pack).toString("base64");
    const [wheel] = toRocmTorch("rocm7.1") ?? [];
    await node.exec("base64 -d | tar -xz -C /srv", trainer);
    await node.exec("base64 -d > /srv/torch.zip", wheel?.content.toString("base64"));
    const probe = async () => {
      const { stdout } = await node.exec("cd /srv && PYTHONPATH=/srv/torch.zip python3 -m trainer probe");
      return JSON.parse(stdout) as { devices: { gfx: string }[]; checks: { ok: boolean }[] };
    };
    const fit = await probe();
    expect(fit.devices.map(({ gfx }) => gfx)).toEqual(Array(2).fill("gfx942:sramecc+:xnack-"));
    expect(fit.checks.map(({ ok }) => ok)).toEqual([true, true]);
    await node.gpuFaults({ wrong: [1] });
    expect((await probe()).checks.map(({ ok }) => ok)).toEqual([true, false]);
    await node.gpuFaults({ wrong: [] });
  });
});
