import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { whyNot } from "../../lab/hosts/machine.ts";
import { LabHosts } from "./labHosts.ts";
import type { PhaseHost } from "./phaseHost.ts";

const reason = whyNot();
if (reason) console.warn(`Skipped, because of this: ${reason}`);

const release = { driver: "6.4.3", rocm: "6.4.3", pytorch: "2.9.1+rocm6.4" };

// Ubuntu 22.04, other GPUs, an older release, and a driver that is there already: the kernel's own.
describe.skipIf(reason)("a host of another kind", () => {
  let hosts: LabHosts;
  let host: PhaseHost;

  beforeAll(async () => {
    hosts = await LabHosts.start({ nodes: 1, ubuntu: "22.04" });
    host = hosts.host(0, release);
    await host.node.gpus("MI250X", 2);
    await host.node.inTreeDriver();
  });
  afterAll(() => hosts?.stop());

  test("says that the kernel's own driver is loaded, which has no version", async () => {
    expect(await host.facts()).toMatchObject({
      pointRelease: "22.04.5",
      amdgpuModule: "in-tree",
      amdgpuDriver: null,
      gpus: ["gfx90a", "gfx90a"],
    });
  });

  test("with a GPU that the pinned PyTorch has no code for is refused before anything is touched", async () => {
    await host.node.gpus("MI355X", 2);
    await expect(host.plan()).rejects.toThrow(/gfx950/);
    await host.node.gpus("MI250X", 2);
  });

  test("whose GPU is another one than the stack states is planned for the one that it has", async () => {
    const { targets } = await host.plan({ gpus: ["gfx942"] });
    expect(targets).toEqual(["gfx90a"]);
  });

  test("gets the pinned driver in the place of the kernel's own, by a reboot", async () => {
    await host.plan();
    await host.install("prerequisites", "repositories", "driver");
    expect((await host.facts()).amdgpuModule).toBe("in-tree");
    expect(await host.reboot()).toMatchObject({
      code: 0,
      said: expect.stringContaining('"module":"6.12.12"'),
    });
  });

  test("then holds ROCm's packages of its own Ubuntu and the pinned PyTorch", async () => {
    await host.install("rocm");
    expect(await host.environment()).toMatchObject({ code: 0 });
    expect(await host.differences()).toEqual([]);
    expect(await host.node.read("dpkg -s rocminfo | sed -n 's/^Version: //p'")).toMatch(/60403-128~22\.04$/);
  });

  test("whose GPUs were exchanged since is told apart from the one that was planned for", async () => {
    await host.node.gpus("RX 7900 XTX", 2);
    expect(await host.differences()).toContainEqual(
      expect.stringMatching(
        /^GPU target: wanted gfx90a, found gfx1100; correct the facts that the stack states/,
      ),
    );
    await host.node.gpus("MI250X", 2);
  });

  test("a kernel that came up without the driver is not fit: the kernel's own module serves it", async () => {
    await host.node.read("rmmod amdgpu; rm /lib/modules/$(uname -r)/updates/dkms/amdgpu.ko; modprobe amdgpu");
    expect(await host.differences()).toContainEqual(
      expect.stringMatching(
        /^loaded amdgpu module: wanted 6\.12\.12 \(driver 6\.4\.3\), found the kernel's own, which has no version; reboot the node/,
      ),
    );
  });
});
