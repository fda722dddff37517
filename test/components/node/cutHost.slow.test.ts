import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Phase } from "../../../components/scripts/phaseScript.ts";
import { whyNot } from "../../lab/hosts/machine.ts";
import { LabHosts } from "./labHosts.ts";
import type { PhaseHost } from "./phaseHost.ts";

const reason = whyNot();
if (reason) console.warn(`Skipped, because of this: ${reason}`);

const lost = /was lost|timed out|cannot be reached|no answer|unreachable/i;

// One host from bare to verified whose connection is cut in every phase; the run after each goes on from there.
describe.skipIf(reason)("a host whose connection is cut", () => {
  let hosts: LabHosts;
  let host: PhaseHost;

  beforeAll(async () => {
    hosts = await LabHosts.start({ nodes: 1, user: "ubuntu" });
    host = hosts.host(0);
    await host.node.gpus("MI300X", 1);
    await host.plan();
  });
  afterEach(async () => {
    await host?.node.healLink();
    await hosts?.lab.repository.heal();
  });
  afterAll(() => hosts?.stop());

  const rest = async () => {
    await host.node.healLink();
    await hosts.lab.repository.heal();
  };

  test.each<Phase>(["prerequisites", "repositories", "driver"])(
    "in the phase %s is ready for it again, and what had begun is finished or done anew",
    async (phase) => {
      await host.node.cutLinkWhen(`/var/log/rocmark/${phase}.log`);
      await expect(host.phase(phase)).rejects.toThrow(lost);
      await rest();
      const { code, told } = await host.phase(phase);
      expect({ code, told }).toMatchObject({ code: 0 });
      expect(await host.node.read("dpkg -l | grep -cE '^.[FHUWt]' || true")).toBe("0");
    },
  );

  test("while it reboots is found again by the next run, which does not reboot it once more", async () => {
    const { boots } = await host.node.readStatus();
    await host.node.cutLinkWhen("/var/lib/rocmark/driver.asked");
    expect(await host.reboot({ timeoutSeconds: 12 })).toMatchObject({ code: 42 });
    await rest();
    expect(await host.reboot()).toMatchObject({
      code: 0,
      said: expect.stringContaining('"module":"6.16.6"'),
    });
    expect((await host.node.readStatus()).boots).toBe(boots + 1);
  });

  test("in the phase rocm is ready for it again", async () => {
    await host.node.cutLinkWhen("/var/log/rocmark/rocm.log");
    await expect(host.phase("rocm")).rejects.toThrow(lost);
    await rest();
    await host.install("rocm");
  });

  test("in the middle of a wheel installs the environment anew, from one that is not there yet", async () => {
    await hosts.lab.repository.slow("download.pytorch.org/whl/rocm7.1/torch-", 1024);
    const cut = host.environment();
    cut.catch(() => undefined);
    await host.node.read("until ls -d /opt/rocmark/node/environments/*/torch.txt; do sleep 0.1; done");
    await host.node.cutLink();
    await expect(cut).rejects.toThrow(lost);
    expect(await host.node.read("ls /opt/rocmark/node/environments/*/.complete || echo none")).toBe("none");
    await rest();
    expect(await host.environment()).toMatchObject({ code: 0 });
  });

  test("while it is looked at is as good as before, and holds all that is pinned", async () => {
    const cut = host.inspect();
    cut.catch(() => undefined);
    await host.node.read("until pgrep -f ROCMARK_PROBE\\|trainer > /dev/null; do sleep 0.05; done");
    await host.node.cutLink();
    await expect(cut).rejects.toThrow(lost);
    await rest();
    expect(await host.differences()).toEqual([]);
  });
});
