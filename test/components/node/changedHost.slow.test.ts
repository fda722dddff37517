import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Phase } from "../../../components/scripts/phaseScript.ts";
import { whyNot } from "../../lab/hosts/machine.ts";
import { expectRefusal, LabHosts, pinned } from "./labHosts.ts";
import type { PhaseHost } from "./phaseHost.ts";

const reason = whyNot();
if (reason) console.warn(`Skipped, because of this: ${reason}`);

const all: readonly Phase[] = ["prerequisites", "repositories", "driver", "rocm"];

// One host with driver and ROCm, as root; each test leaves it so that the next one can go on.
describe.skipIf(reason)("a host that changes", () => {
  let hosts: LabHosts;
  let host: PhaseHost;

  const change = async (release: keyof typeof pinned) => {
    host.pins = { ...host.pins, request: pinned[release] };
    await host.plan();
  };
  const found = async () => ({
    package: await host.node.read("dpkg -s amdgpu-dkms | sed -n 's/^Version: //p'"),
    loaded: (await host.facts()).amdgpuDriver,
    rocm: await host.node.read("cat /opt/rocm/.info/version"),
  });

  beforeAll(async () => {
    hosts = await LabHosts.start({ nodes: 1 });
    host = hosts.host(0);
    await host.node.gpus("MI300X", 1);
    await host.install("prerequisites", "repositories", "driver");
    await host.reboot();
    await host.install("rocm");
  });
  afterEach(async () => {
    await hosts?.lab.repository.heal();
    await host.node.dkmsBuild("works");
  });
  afterAll(() => hosts?.stop());

  const old = { package: "1:6.16.6.30200100-2255209.24.04", loaded: "6.16.6", rocm: "7.1.1" };

  test("a new driver that does not build leaves the old one in its place, and dpkg whole", async () => {
    await change("7.2.0");
    await host.install("prerequisites", "repositories");
    await host.node.dkmsBuild("fails", ["6.16.13"]);
    expectRefusal(
      await host.phase("driver"),
      "driverBuild",
      /DKMS did not build amdgpu 1:6\.16\.13\S* for kernel 6\.8\.0-60-generic; the driver before it, 1:6\.16\.6\.30200100-2255209\.24\.04, is in place again/,
    );
    expect(await found()).toEqual(old);
    expect(
      await host.node.read("dkms status; apt-get -qq check && dpkg -l | grep -cE '^.[FHUWt]' || true"),
    ).toBe("amdgpu/6.16.6-2255209.24.04, 6.8.0-60-generic, x86_64: installed\n0");
  });

  test("the next run goes on from there: driver, reboot and packages of the new release", async () => {
    await host.install("driver");
    expect(await host.reboot()).toMatchObject({
      code: 0,
      said: expect.stringContaining('"module":"6.16.13"'),
    });
    await host.install("rocm");
    expect(await found()).toEqual({
      package: "1:6.16.13.30300000-2278356.24.04",
      loaded: "6.16.13",
      rocm: "7.2.0",
    });
  });

  test("and back again: what the pins' change takes down goes down, with what depends on it", async () => {
    await change("7.1.1");
    await host.install("prerequisites", "repositories", "driver");
    await host.reboot();
    await host.install("rocm");
    expect(await found()).toEqual(old);
    expect(
      await host.node.read("dpkg -l 'rocm-core' | sed -n 's/^[ih]i *rocm-core *\\([^ ]*\\).*/\\1/p'"),
    ).toContain("70101");
  });

  test("a driver that somebody else has put over the pinned one is not taken down without a word", async () => {
    await host.node.read(`apt-mark unhold amdgpu-dkms amdgpu-dkms-firmware
      echo 'deb [trusted=yes] https://repo.radeon.com/amdgpu/30.30/ubuntu noble main' > /etc/apt/sources.list.d/newer.list
      apt-get -qq update && apt-get -qq -y install amdgpu-dkms && rm /etc/apt/sources.list.d/newer.list`);
    expectRefusal(
      await host.phase("driver"),
      "newerInstalled",
      /somebody has installed amdgpu-dkms 1:6\.16\.13\.30300000-2278356\.24\.04 over the pinned 1:6\.16\.6\S* since\. To go back: sudo apt-get install --allow-downgrades/,
    );
    await host.node.read(
      `apt-get -qq -y install --allow-downgrades amdgpu-dkms=${old.package} amdgpu-dkms-firmware=${old.package}`,
    );
    await host.install("driver");
  });

  test("a phase whose connection is cut goes on alone, and the next run waits for it", async () => {
    await change("7.2.0");
    await host.install("prerequisites", "repositories");
    await host.node.dkmsTakes(4);
    const cut = host.phase("driver");
    await host.node.read("until pgrep -f 'dkms' > /dev/null; do sleep 0.1; done");
    await host.node.cutLink();
    await expect(cut).rejects.toThrow(/was lost|timed out|cannot be reached/);
    await host.node.healLink();
    const { code, told } = await host.phase("driver");
    expect({ code, told }).toMatchObject({ code: 0 });
    await host.node.dkmsTakes(0);
    await host.reboot();
    await change("7.1.1");
    await host.install("prerequisites", "repositories", "driver");
    await host.reboot();
    expect(await found()).toMatchObject({ package: old.package, loaded: old.loaded });
  });

  test("a node that loses its power in the middle is mended by the next run", async () => {
    await change("7.2.0");
    await host.install("prerequisites", "repositories");
    await host.node.dkmsTakes(20);
    const cut = host.phase("driver");
    cut.catch(() => undefined);
    await host.node.read("until pgrep -f 'dkms' > /dev/null; do sleep 0.1; done");
    await host.node.powerOff();
    await expect(cut).rejects.toThrow();
    await host.node.dkmsTakes(0);
    await host.node.powerOn();
    await host.install("driver");
    await host.reboot();
    expect(await found()).toMatchObject({ package: "1:6.16.13.30300000-2278356.24.04", loaded: "6.16.13" });
    await change("7.1.1");
    await host.install("prerequisites", "repositories", "driver");
    await host.reboot();
    await host.install("rocm");
    expect(await found()).toEqual(old);
  });

  test("a kernel that came up by itself shows when the phases look, and is asked about before anything is built", async () => {
    const said = (await host.phase("driver", "check")).said;
    await host.node.nextBoot({ kernel: "6.8.0-71-generic" });
    const { boots } = await host.node.readStatus();
    await host.node.exec("reboot");
    await host.node.waitForBoot(boots);
    const now = (await host.phase("driver", "check")).said;
    expect(now).not.toBe(said);
    expect(JSON.parse(now)).toMatchObject({ kernel: "6.8.0-71-generic" });
    expectRefusal(
      await host.phase("driver"),
      "kernelChanged",
      /found to fit kernel 6\.8\.0-60-generic, but 6\.8\.0-71-generic runs/,
    );
    // A new plan is what the next run makes: it reads the facts again.
    await host.plan();
    await host.install(...all);
    await host.reboot();
    expect(await found()).toEqual(old);
    await host.node.kernel("6.8.0-60-generic");
  });

  test("a host that comes back with another host key is not trusted", async () => {
    await host.plan();
    await host.install("prerequisites", "driver");
    await host.node.read("cat /proc/sys/kernel/random/boot_id > /var/lib/rocmark/driver.boot");
    await host.node.nextBoot({ newHostKey: true });
    expectRefusal(await host.reboot(), "wrongHostKey", /host key of .* is not the expected one.*reinstalled/);
  });
});
