import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { whyNot } from "../../lab/hosts/machine.ts";
import { expectRefusal, LabHosts } from "./labHosts.ts";
import type { PhaseHost } from "./phaseHost.ts";

const reason = whyNot();
if (reason) console.warn(`Skipped, because of this: ${reason}`);

// One host from bare to verified, in the order of its phases. Each fault is one test; the next one goes on from there.
describe.skipIf(reason)("a bare host", () => {
  let hosts: LabHosts;
  let host: PhaseHost;

  beforeAll(async () => {
    hosts = await LabHosts.start({ nodes: 1, user: "ubuntu" });
    host = hosts.host(0);
    await host.node.gpus("MI300X", 2);
  });
  afterEach(async () => {
    await hosts?.lab.repository.heal();
  });
  afterAll(() => hosts?.stop());

  test("says what it is before any driver is there, and the pins fit it", async () => {
    expect(await host.facts()).toMatchObject({
      gpuModel: "Instinct MI300X",
      pointRelease: "24.04.3",
      secureBoot: "off",
      amdgpuModule: "none",
      kfd: "absent",
      gpus: [],
    });
    expect((await host.plan()).targets).toEqual(["gfx942"]);
  });

  test("without an AMD GPU it is refused before anything is touched", async () => {
    await host.node.gpus("MI300X", 0);
    await expect(host.plan()).rejects.toThrow("node1: found none");
    await host.node.gpus("MI300X", 2);
  });

  test("with Secure Boot on it is refused before anything is touched", async () => {
    await host.node.secureBoot("enforcing");
    await expect(host.plan()).rejects.toThrow(/secure boot \(rocmark:software.driver, node.secureBoot\)/);
    await host.node.secureBoot("off");
  });

  test("on a kernel that the driver does not build on it is refused before anything is touched", async () => {
    await host.node.kernel("6.17.0-10-generic");
    host.pins = { ...host.pins, request: { ...host.pins.request, driver: "30.10.2" } };
    await expect(host.plan()).rejects.toThrow(/driver on the kernel/);
    host.pins = { ...host.pins, request: { ...host.pins.request, driver: "30.20.1" } };
    await host.node.kernel("6.8.0-60-generic");
    await host.plan();
  });

  test("a held apt lock is waited for with its holder's name, and refused after the limit", async () => {
    const release = await host.node.holdAptLock();
    host.lockSeconds = 3;
    const ended = await host.phase("prerequisites");
    expectRefusal(ended, "aptLocked", /process \d+ \(unattended-upgr\) has held apt's lock for 3 s/);
    expect(ended.told).toMatch(
      /waiting for apt: process \d+ \(unattended-upgr\) holds its lock \(0 s of 3\)/,
    );
    host.lockSeconds = 30;
    await release();
  });

  test("a disk without room is refused before it is filled", async () => {
    await host.node.leaveDisk(40);
    expectRefusal(
      await host.phase("prerequisites"),
      "diskFull",
      /200 MiB of free disk are wanted under \/var, \d+ MiB were found/,
    );
    await host.node.freeDisk();
  });

  test("prerequisites: claimed, kernel held, headers of the running kernel, the user in both groups", async () => {
    await host.install("prerequisites");
    expect(await host.node.read("id -nG ubuntu")).toMatch(/\bvideo\b.*\brender\b|\brender\b.*\bvideo\b/);
    expect(await host.node.read("apt-mark showhold")).toContain("linux-image-6.8.0-60-generic");
    expect(await host.node.read("ls -d /lib/modules/6.8.0-60-generic/build")).toContain("build");
  });

  test("another stack is refused with the name of the one that has it and the way to release it", async () => {
    host.claim = "organization/rocmark/other";
    for (const phase of ["prerequisites", "repositories", "driver", "rocm"] as const)
      expectRefusal(
        await host.phase(phase),
        "claimed",
        /claimed by stack "organization\/rocmark\/lab" \(since .*\), not by "organization\/rocmark\/other"\. Release it there with: npx pulumi destroy --stack organization\/rocmark\/lab/,
      );
    host.claim = "organization/rocmark/lab";
  });

  test("a release that is gone leaves apt as it was", async () => {
    await hosts.lab.repository.gone("/amdgpu/30.20.1/");
    expectRefusal(
      await host.phase("repositories"),
      "repositoryGone",
      /https:\/\/repo\.radeon\.com\/amdgpu\/30\.20\.1\/ubuntu.* does not exist there/,
    );
    expect(await host.node.read("ls /etc/apt/sources.list.d; apt-get -qq update && echo fine")).toMatch(
      /fine$/,
    );
    expect(await host.node.read("ls /etc/apt/sources.list.d")).not.toContain("rocmark");
  });

  test("another key than AMD's is not trusted, whoever signed with it", async () => {
    await host.node.read("rm -f /etc/apt/keyrings/rocm.gpg");
    await hosts.lab.repository.foreignKey();
    expectRefusal(
      await host.phase("repositories"),
      "wrongKey",
      /wanted fingerprint [0-9A-F]{40}, found [0-9A-F]{40}\. It is not trusted/,
    );
    expect(await host.node.exec("ls /etc/apt/keyrings/rocm.gpg")).toMatchObject({ exitCode: 2 });
  });

  test("a repository that another key signed is refused", async () => {
    await hosts.lab.repository.foreignSignature();
    expectRefusal(
      await host.phase("repositories"),
      "wrongSignature",
      /is not signed with the key that is trusted for it/,
    );
  });

  test("an index that does not fit its signed hash is refused", async () => {
    await hosts.lab.repository.corrupt("/amdgpu/30.20.1/ubuntu/dists/noble/main");
    expectRefusal(
      await host.phase("repositories"),
      "hashMismatch",
      /what was served is not what the signed index lists/,
    );
  });

  test("sources of AMD's that somebody else set up are named, and put aside when the stack says so", async () => {
    const line = "deb [trusted=yes] https://repo.radeon.com/rocm/apt/6.4.1 noble main";
    await host.node.read(`echo '${line}' > /etc/apt/sources.list.d/rocm.list`);
    expectRefusal(
      await host.phase("repositories"),
      "foreignSources",
      /\/etc\/apt\/sources\.list\.d\/rocm\.list\. Their release would compete.*rocmark:software\.takeOverSources: true/,
    );
    host.pins = { ...host.pins, takeOverSources: true };
    await host.install("repositories");
    expect(
      await host.node.read("ls /etc/apt/sources.list.d/*.list; cat /var/lib/rocmark/aside/rocm.list"),
    ).toContain(line);
    expect(await host.node.exec("ls /etc/apt/sources.list.d/rocm.list")).toMatchObject({ exitCode: 2 });
    await host.phase("repositories", "remove");
    expect(await host.node.read("cat /etc/apt/sources.list.d/rocm.list")).toBe(line);
    await host.install("repositories");
  });

  test("a version that is gone from its repository is named with what is there instead", async () => {
    await hosts.lab.repository.withdraw("amdgpu-dkms");
    await host.node.read("rm -f /var/lib/rocmark/read /var/lib/apt/lists/repo.radeon.com*");
    await host.install("repositories");
    expectRefusal(
      await host.phase("driver"),
      "versionGone",
      /amdgpu-dkms 1:6\.16\.6\.30200100-2255209\.24\.04 is not in the pinned repository; it has no version of it/,
    );
    await hosts.lab.repository.heal();
    await host.node.read("rm -f /var/lib/rocmark/read");
    await host.install("repositories");
  });

  test("a package that is not the signed one is not installed", async () => {
    await hosts.lab.repository.corrupt("/amdgpu/30.20.1/ubuntu/pool");
    expectRefusal(
      await host.phase("driver"),
      "hashMismatch",
      /installing amdgpu-dkms .* failed: what was served is not/,
    );
    expect(await host.node.exec("dpkg -s amdgpu-dkms")).toMatchObject({ exitCode: 1 });
  });

  test("a connection that is reset in a download is refused, and nothing is half installed", async () => {
    await hosts.lab.repository.cut("/amdgpu/30.20.1/ubuntu/pool", 100);
    expectRefusal(
      await host.phase("driver"),
      "repositoryUnreachable",
      /https:\/\/repo\.radeon\.com could not be read/,
    );
    expect(await host.node.read("dpkg --audit | grep -c amdgpu || true")).toBe("0");
  });

  test("a driver that does not build leaves no driver and a dpkg that works, with make's last words", async () => {
    await host.node.dkmsBuild("fails");
    const ended = await host.phase("driver");
    expectRefusal(
      ended,
      "driverBuild",
      /DKMS did not build amdgpu 1:6\.16\.6\.30200100-2255209\.24\.04 for kernel 6\.8\.0-60-generic; there was none before, and none is left half installed/,
    );
    expect(ended.told).toMatch(
      /last lines of \/var\/log\/rocmark\/driver-make\.log on the node:\n.*\|.*make/,
    );
    expect(await host.node.read("apt-get -qq -y install -f && dpkg -l | grep -cE '^.[FHUWt]' || true")).toBe(
      "0",
    );
    await host.node.dkmsBuild("works");
  });

  test("driver: the pinned version, built for the running kernel, held, and not loaded yet", async () => {
    const { said } = await host.phase("driver");
    expect(JSON.parse(said)).toEqual({
      package: "1:6.16.6.30200100-2255209.24.04",
      kernel: "6.8.0-60-generic",
      dkms: "installed",
      held: true,
    });
    expect((await host.facts()).amdgpuModule).toBe("none");
  });

  test("a reboot that the stack does not allow is refused with the command to run", async () => {
    const ended = await host.reboot({ allowed: false });
    expectRefusal(ended, "rebootNotAllowed", /Reboot it yourself: sudo systemctl reboot/);
  });

  test("a host that does not come back is given up after the limit, and found again by the next run", async () => {
    await host.node.nextBoot({ returns: false });
    const ended = await host.reboot({ timeoutSeconds: 6 });
    expectRefusal(ended, "rebootTimeout", /has not come back within 6 s/);
    await host.node.powerOn();
    const { boots } = await host.node.readStatus();
    expect(await host.reboot()).toMatchObject({
      code: 0,
      said: expect.stringContaining('"module":"6.16.6"'),
    });
    expect((await host.node.readStatus()).boots).toBe(boots);
  });

  test("a driver whose module a boot did not load is refused, without another reboot", async () => {
    await host.node.read("rmmod amdgpu");
    const { boots } = await host.node.readStatus();
    expectRefusal(
      await host.reboot(),
      "driverNotLoaded",
      /no amdgpu is loaded, wanted 6\.16\.6 of driver 30\.20\.1/,
    );
    expect((await host.node.readStatus()).boots).toBe(boots);
    await host.node.read("modprobe amdgpu");
  });

  test("ROCm's packages: exactly the release, AMD's before Ubuntu's, held", async () => {
    await host.install("rocm");
    expect(await host.node.read("dpkg -s rocminfo amd-smi-lib | sed -n 's/^Version: //p'")).toMatch(
      /^\S+70101-38~24\.04\n\S+70101-38~24\.04$/,
    );
    expect(await host.node.read("apt-mark showhold")).toContain("rocminfo");
  });

  test("another lock's wheel is refused by its hash, from the one index", async () => {
    await hosts.lab.repository.corrupt("download.pytorch.org/whl/rocm7.1/torch-");
    const { code, told } = await host.environment();
    expect(code).toBe(15);
    expect(told).toMatch(
      /PyTorch 2\.10\.0\+rocm7\.1 could not be installed from https:\/\/download\.pytorch\.org\/whl\/rocm7\.1, as the only index/,
    );
    expect(told).toMatch(
      /Node "node1", phase environment \("default"\): stopped\. .*\nTo continue: npx pulumi up --stack lab\n$/,
    );
  });

  test("a disk that fills up in the middle of an environment is named as the reason, and nothing half is left on it", async () => {
    await host.node.leaveDisk(30);
    const { code, told } = await host.environment();
    expect({ code, told }).toMatchObject({
      code: 12,
      told: expect.stringMatching(/\nThe disk is full, which is why: \d+ MiB were left under/),
    });
    expect(told).toMatch(/To continue: npx pulumi up --stack lab\n$/);
    expect(await host.node.read("ls /opt/rocmark/node/environments")).toBe("");
    await host.node.freeDisk();
  });

  test("the environment is the pinned build, asked for at PyTorch's index and nowhere else", async () => {
    await hosts.lab.repository.takeRequests();
    expect(await host.environment()).toMatchObject({ code: 0 });
    const asked = await hosts.lab.repository.takeRequests();
    const torch = asked.filter((address) => /\/torch(\/|-)/.test(address));
    expect(new Set(torch.map((address) => address.split("/")[0]))).toEqual(new Set(["download.pytorch.org"]));
  });

  test("then it holds what is pinned, and its devices compute and copy rightly", async () => {
    expect(await host.differences()).toEqual([]);
  });

  test("a device that computes wrongly is not fit", async () => {
    await host.node.gpuFaults({ wrong: [1] });
    expect(await host.differences()).toEqual([
      expect.stringMatching(
        /^functional check on cuda:1: wanted right results, found .*; this device is not fit/,
      ),
    ]);
    await host.node.gpuFaults({ wrong: [] });
  });

  test("a device that copies at less than half of its equals' speed is not fit", async () => {
    await host.node.gpuFaults({ slow: [0] });
    expect(await host.differences()).toEqual([
      expect.stringMatching(/^functional check on cuda:0: wanted right results, found .*"usualCopyGBs"/),
    ]);
    await host.node.gpuFaults({ slow: [] });
  });

  test("without permission on /dev/kfd the user is told which groups open it", async () => {
    await host.node.read("gpasswd -d ubuntu render");
    const wrong = await host.differences();
    expect(wrong[0]).toMatch(
      /^\/dev\/kfd: wanted read and write for ubuntu, found neither \(its device groups: video\)/,
    );
    // What failed is looked at anew by the next run, phase by phase.
    await host.install("prerequisites");
    expect(await host.differences()).toEqual([]);
  });

  test("every phase again changes nothing and asks no server", async () => {
    await hosts.lab.repository.takeRequests();
    await host.install("prerequisites", "repositories", "driver", "rocm");
    expect(await host.environment()).toMatchObject({ code: 0, told: "" });
    expect(await hosts.lab.repository.takeRequests()).toEqual([]);
  });

  test("what each phase said it says again when it is only looked at", async () => {
    for (const phase of ["prerequisites", "repositories", "driver", "rocm"] as const)
      expect((await host.phase(phase, "check")).said).toBe((await host.phase(phase)).said);
  });
});
