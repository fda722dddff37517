import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pinned } from "../components/node/labHosts.ts";
import { startLab } from "../lab/hosts/lab.ts";
import { whyNot } from "../lab/hosts/machine.ts";
import type { Lab } from "../lab/hosts/running.ts";
import type { LabNode } from "../lab/hosts/runningNode.ts";
import { findEngine } from "../lab/pulumiProject.ts";
import { LabStack, type Ran } from "./labStack.ts";

const engine = await findEngine();
const reason = whyNot() ?? (engine ? undefined : "no Pulumi engine is on this machine (npm start gets one)");
if (reason) console.warn(`Skipped, because of this: ${reason}`);

/** More of them by hand: ROCMARK_LAB_NODES=16 npx vitest run --project slow test/stacks/pinnedStack.slow.test.ts */
const numNodes = Number(process.env.ROCMARK_LAB_NODES ?? 4);

/** What a host had before rocmark came, and is to have after it has gone. */
const inventory = `dpkg-query -W -f '\${db:Status-Abbrev} \${Package} \${Version}\\n'; apt-mark showhold
  find /etc/apt /etc/security /opt /usr/src /var/lib/rocmark /var/lib/dkms 2> /dev/null | sort; id -nG ubuntu`;

// The real program by the real engine: from bare hosts to verified ones, other pins, back, and away again.
describe.skipIf(reason)(`a stack of ${numNodes} pinned hosts`, () => {
  let lab: Lab;
  let stack: LabStack;
  let failing: LabNode;
  let cut: LabNode;
  let others: string[];
  const before = new Map<string, string>();

  const loaded = async () => (await stack.nodes()).map(({ facts }) => facts.amdgpuDriver);
  const torch = async (variant = "default") =>
    (await stack.nodes()).map(({ environments }) => environments[variant]?.torch.version);
  const onAll = <Value>(value: Value): Value[] => Array(numNodes).fill(value);
  const seconds: string[] = [];
  const timed = (what: string, ran: Ran): Ran => {
    seconds.push(`${what}: ${ran.seconds.toFixed(1)} s`);
    return ran;
  };

  beforeAll(async () => {
    if (!engine) return;
    lab = await startLab({ nodes: numNodes, user: "ubuntu" });
    await Promise.all(lab.nodes.map((node) => node.gpus("MI300X", 2)));
    for (const node of lab.nodes) before.set(node.name, await node.read(inventory));
    [, failing, cut] = lab.nodes as [LabNode, LabNode, LabNode];
    others = lab.nodes.filter((node) => node !== failing && node !== cut).map(({ name }) => name);
    stack = await LabStack.create(engine, lab, pinned["7.1.1"]);
  });
  afterAll(async () => {
    await lab?.stop();
    stack?.dispose();
    if (seconds.length > 0) console.info(`${numNodes} nodes, ${seconds.join(", ")}`);
  });

  test("a set that cannot work is refused in the preview and in the update alike, and no host is touched", async () => {
    stack.pin({ ...pinned["7.1.1"], driver: "30.10.2", rocm: "6.4.1" });
    for (const { exitCode, said } of [await stack.preview(), await stack.up()]) {
      expect(exitCode).not.toBe(0);
      expect(said).toMatch(/rocmark:software\.\w+.*\[E_SOFTWARE\]/s);
      expect(said).not.toMatch(/node1-system/);
    }
    for (const node of lab.nodes) expect(await node.read(inventory)).toBe(before.get(node.name));
    stack.pin(pinned["7.1.1"]);
  });

  test("one host whose driver does not build and one that is cut off stop no other, and each is named with its phase", async () => {
    await failing.dkmsBuild("fails");
    await cut.cutLinkWhen("/var/log/rocmark/rocm.log");
    const { exitCode, said } = timed("first up, two hosts failing", await stack.up());
    expect(exitCode).not.toBe(0);
    expect(said).toContain(
      `Node "${failing.name}", phase driver: DKMS did not build amdgpu 1:6.16.6.30200100-2255209.24.04`,
    );
    expect(said).toMatch(/last lines of \/var\/log\/rocmark\/driver-make\.log on the node:\n.*\|/);
    expect(said).toContain("To continue: npx pulumi up --stack lab");
    expect(said).toMatch(
      new RegExp(`\\(${cut.name}-rocm\\):\\n *error: .*\\n? *.*@${cut.address.replaceAll(".", "\\.")}:22`),
    );
    for (const name of others) expect(said).toMatch(new RegExp(`${name}-verification created`));
    expect(said).not.toContain("unhandled exception");
  });

  test("the next update goes on with these two alone", async () => {
    await failing.dkmsBuild("works");
    await cut.healLink();
    const { exitCode, said } = timed("second up, these two", await stack.up());
    expect([exitCode, exitCode === 0 ? "" : said]).toEqual([0, ""]);
    for (const name of others) expect(said).not.toMatch(new RegExp(`${name}-\\S+ (updating|creating)`));
    expect(await loaded()).toEqual(onAll("6.16.6"));
    expect(await torch()).toEqual(onAll("2.10.0+rocm7.1"));
  });

  test("one more update runs nothing and needs no host: all of them are off the network", async () => {
    await Promise.all(lab.nodes.map((node) => node.cutLink()));
    const { exitCode, said } = timed("up with nothing to do", await stack.up());
    await Promise.all(lab.nodes.map((node) => node.healLink()));
    expect([exitCode, /Resources:\n.*/.exec(said)?.[0].replace(/\d+/, "N")]).toEqual([
      0,
      "Resources:\n    N unchanged",
    ]);
  });

  test("what somebody has changed on a host shows in rocmark doctor and in a refresh, and the next update mends it", async () => {
    expect(await stack.doctor()).toEqual({ exitCode: 0, states: onAll("fit"), problems: [] });
    await failing.read("apt-mark unhold amdgpu-dkms rocminfo && apt-get -qq -y purge rocminfo");
    const { exitCode: unfit, states, problems } = await stack.doctor();
    expect([unfit, states.filter((state) => state === "drift").length]).toEqual([1, 1]);
    expect(problems[0]).toMatch(/^rocminfo: wanted \S+70101-38~24\.04, found nothing; /);
    const { said } = timed("refresh", await stack.refresh());
    const drifted = said
      .split("[urn=")
      .filter((part) => /\+ drifted/.test(part))
      .map((part) => /::([^:\s]+)\]/.exec(part)?.[1]);
    expect(drifted.toSorted()).toEqual(
      ["rocm", "system", "verification"].map((phase) => `${failing.name}-${phase}`),
    );
    const { exitCode, said: told } = timed("up that mends", await stack.up());
    expect([exitCode, exitCode === 0 ? "" : told]).toEqual([0, ""]);
    expect(await failing.read("apt-mark showhold; dpkg -s rocminfo | sed -n 's/^Version: //p'")).toMatch(
      /amdgpu-dkms\n.*70101-38~24\.04/s,
    );
    expect((await stack.refresh()).said).not.toMatch(/drifted/);
  });

  test("other pins take all hosts to the new release, with the old PyTorch beside the new one", async () => {
    stack.pin(pinned["7.2.0"], { older: pinned["7.1.1"].pytorch });
    const { exitCode, said } = timed("up to 7.2.0", await stack.up());
    expect([exitCode, exitCode === 0 ? "" : said]).toEqual([0, ""]);
    expect(await loaded()).toEqual(onAll("6.16.13"));
    expect(await torch()).toEqual(onAll("2.11.0+rocm7.2"));
    expect(await torch("older")).toEqual(onAll("2.10.0+rocm7.1"));
    for (const node of lab.nodes) expect(await node.read("cat /opt/rocm/.info/version")).toBe("7.2.0");
  });

  test("and the old pins take them back", async () => {
    stack.pin(pinned["7.1.1"]);
    const { exitCode, said } = timed("up back to 7.1.1", await stack.up());
    expect([exitCode, exitCode === 0 ? "" : said]).toEqual([0, ""]);
    expect(await loaded()).toEqual(onAll("6.16.6"));
    for (const node of lab.nodes) expect(await node.read("cat /opt/rocm/.info/version")).toBe("7.1.1");
  });

  test("a host that was installed anew is not trusted, and with its new key in the stack it is made ready again", async () => {
    const { boots } = await cut.readStatus();
    await cut.nextBoot({ reinstalled: true });
    await cut.exec("reboot");
    await cut.waitForBoot(boots);
    const refused = await stack.refresh();
    expect(refused.exitCode).not.toBe(0);
    expect(refused.said).toMatch(/host key of \S+ is not the expected one/);
    await stack.trustAnew(cut);
    const { exitCode, said } = timed("up of one host installed anew", await stack.up());
    expect([exitCode, exitCode === 0 ? "" : said]).toEqual([0, ""]);
    for (const name of others) expect(said).not.toMatch(new RegExp(`${name}-\\S+ (updating|creating)`));
    expect(await loaded()).toEqual(onAll("6.16.6"));
  });

  test("a destroy leaves on every host what was there before", async () => {
    const { exitCode, said } = timed("destroy", await stack.destroy());
    expect([exitCode, exitCode === 0 ? "" : said]).toEqual([0, ""]);
    for (const node of lab.nodes) expect(await node.read(inventory)).toBe(before.get(node.name));
  });

  test("so does a destroy after an update that ended halfway: a driver that did not build, a link cut while packages were installed", async () => {
    await failing.dkmsBuild("fails");
    await cut.read("rm -rf /var/log/rocmark");
    await cut.cutLinkWhen("/var/log/rocmark/rocm.log");
    const { said } = timed("up that ends halfway", await stack.up());
    expect(said).toMatch(new RegExp(`\\(${failing.name}-system\\):\n *error: `));
    expect(said).toMatch(new RegExp(`\\(${cut.name}-rocm\\):\n *error: `));
    await failing.dkmsBuild("works");
    await cut.healLink();
    const { exitCode, said: told } = timed("destroy of the halves", await stack.destroy());
    expect([exitCode, exitCode === 0 ? "" : told]).toEqual([0, ""]);
    for (const node of lab.nodes) expect(await node.read(inventory)).toBe(before.get(node.name));
  });
});
