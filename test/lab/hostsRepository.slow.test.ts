import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { addSources, apt, nameSources } from "./hosts/byHand.ts";
import { startLab } from "./hosts/lab.ts";
import { whyNot } from "./hosts/machine.ts";
import { makeLock } from "./hosts/repository/lock.ts";
import type { Lab } from "./hosts/running.ts";
import type { LabNode } from "./hosts/runningNode.ts";

const reason = whyNot();
if (reason) console.warn(`Skipped, because of this: ${reason}`);

const releases = { driver: "30.20.1", rocm: "7.1.1" };
const uvLock = readFileSync(join(import.meta.dirname, "../../trainer/locks/uv.txt"), "utf8");

describe.skipIf(reason)("a lab's repository", () => {
  let lab: Lab;
  let node: LabNode;

  beforeAll(async () => {
    lab = await startLab({ ubuntu: "24.04" });
    node = lab.node(0);
    await addSources(node, releases);
  });
  afterEach(() => lab.repository.heal());
  afterAll(() => lab?.stop());

  /** `apt-get update` with nothing kept of the last time; what it says. */
  const update = async () => {
    const { exitCode, stdout, stderr } = await node.exec(
      `rm -rf /var/lib/apt/lists/*; apt-get -q -o Acquire::Retries=0 -o APT::Update::Error-Mode=any update`,
    );
    return { exitCode, said: stdout + stderr };
  };

  test("AMD's published key is the lab's, and apt takes its archives over HTTPS", async () => {
    expect(await node.read("gpg --show-keys --with-colons /etc/apt/keyrings/rocm.gpg")).toContain(
      `:${lab.repository.fingerprint}:`,
    );
    const { exitCode, said } = await update();
    expect(said).toContain("https://repo.radeon.com/amdgpu/30.20.1/ubuntu noble/main amd64 Packages");
    expect(exitCode).toBe(0);
  });

  test("ROCm comes with its programs under /opt/rocm/bin, and Ubuntu's rocminfo stays behind by the pin alone", async () => {
    await update();
    const policy = "apt-cache policy rocminfo | sed -n 's/.*Candidate: //p'";
    expect(await node.read(policy)).toBe("1.0.0.70101-38~24.04");
    const unpinned = `apt-cache -o Dir::Etc::PreferencesParts=/nowhere policy rocminfo | sed -n 's/.*Candidate: //p'`;
    expect(await node.read(unpinned)).toBe("5.7.1-3build1");
    await node.read(apt("install rocm"));
    expect(
      await node.read("readlink -f /opt/rocm; cat /opt/rocm/.info/version; readlink -f /usr/bin/rocminfo"),
    ).toBe("/opt/rocm-7.1.1\n7.1.1\n/opt/rocm-7.1.1/bin/rocminfo");
    expect(await node.read("/opt/rocm/bin/amd-smi version")).toContain("AMDSMI Tool: 26.2.0");
    await node.read(apt("purge rocm-core 'rocm*' hsa-rocr amdgpu-core && apt-get -q -y autoremove"));
    expect(await node.read("ls -A /opt; dpkg-query --list '*rocm*' 2>/dev/null | grep ^ii || true")).toBe("");
  });

  test("a change of version takes the new packages, and back again", async () => {
    await update();
    await node.read(apt("install rocminfo amd-smi-lib"));
    await nameSources(node, { driver: "30.30.1", rocm: "7.2.1" });
    await update();
    await node.read(
      apt(
        "install rocminfo=1.0.0.70201-81~24.04 amd-smi-lib=26.2.2.70201-81~24.04 rocm-core=7.2.1.70201-81~24.04",
      ),
    );
    expect(await node.read("cat /opt/rocm/.info/version")).toBe("7.2.1");
    await nameSources(node, releases);
    await update();
    const back =
      "rocminfo=1.0.0.70101-38~24.04 amd-smi-lib=26.2.0.70101-38~24.04 rocm-core=7.1.1.70101-38~24.04";
    await node.read(apt(`install --allow-downgrades ${back}`));
    expect(await node.read("cat /opt/rocm/.info/version; ls /opt")).toBe("7.1.1\nrocm\nrocm-7.1.1");
  });

  test("an archive that is gone is a 404 to apt", async () => {
    await lab.repository.gone("/amdgpu/30.20.1/ubuntu/dists/");
    const { exitCode, said } = await update();
    expect(said).toMatch(/amdgpu\/30\.20\.1\/ubuntu noble Release' does not have a Release file/);
    expect(exitCode).not.toBe(0);
  });

  test("a signature by another key than the published one is one of an unknown key", async () => {
    await lab.repository.foreignSignature();
    const { exitCode, said } = await update();
    expect(said).toMatch(/NO_PUBKEY [0-9A-F]{16}/);
    expect(exitCode).not.toBe(0);
  });

  test("another published key has another fingerprint", async () => {
    await lab.repository.foreignKey();
    const key = await node.read(
      "curl -fsS https://repo.radeon.com/rocm/rocm.gpg.key | gpg --show-keys --with-colons",
    );
    expect(key).toMatch(/^fpr:/m);
    expect(key).not.toContain(lab.repository.fingerprint);
  });

  test("an index that its Release does not describe is a hash mismatch", async () => {
    await lab.repository.corrupt("/rocm/apt/7.1.1/dists/noble/main/");
    const { exitCode, said } = await update();
    expect(said).toMatch(/Hash Sum mismatch/);
    expect(exitCode).not.toBe(0);
  });

  test("a version that was withdrawn is not in the index any more", async () => {
    const version = "1:6.16.6.30200100-2255209.24.04";
    await update();
    expect(await node.read("apt-cache madison amdgpu-dkms")).toContain(version);
    await lab.repository.withdraw("amdgpu-dkms", version);
    await update();
    expect((await node.exec(`apt-get install -y amdgpu-dkms=${version}`)).stderr).toMatch(
      /Unable to locate package amdgpu-dkms/,
    );
  });

  test("a connection that is reset in the middle of a package fails the installation", async () => {
    await update();
    await lab.repository.cut("/amdgpu/30.20.1/ubuntu/pool/", 100);
    const { exitCode, stderr } = await node.exec(
      "apt-get install -y -o Acquire::Retries=0 amdgpu-dkms-firmware",
    );
    expect(stderr).toMatch(/Connection reset|Failed to fetch/);
    expect(exitCode).not.toBe(0);
  });

  test("what is slow comes no faster than it was set", async () => {
    await lab.repository.slow("/rocm/rocm.gpg.key", 500);
    const rate = await node.read(
      "curl -fsS -o /dev/null -w '%{speed_download}' https://repo.radeon.com/rocm/rocm.gpg.key",
    );
    expect(Number(rate)).toBeLessThanOrEqual(1000);
  });

  test("the nodes' requests can be told, and nothing else is among them", async () => {
    await lab.repository.takeRequests();
    await node.read("curl -fsS -o /dev/null https://repo.radeon.com/rocm/rocm.gpg.key");
    expect(await lab.repository.takeRequests()).toEqual(["repo.radeon.com/rocm/rocm.gpg.key"]);
  });
});

describe.skipIf(reason).each(["22.04", "24.04"] as const)(
  "Python packages on a node of Ubuntu %s",
  (ubuntu) => {
    let lab: Lab;
    let node: LabNode;
    const put = async (name: string, text: string) => void (await node.exec(`cat > ${name}`, text));

    beforeAll(async () => {
      lab = await startLab({ ubuntu });
      node = lab.node(0);
      await put("/tmp/uv.txt", uvLock);
      await node.read(
        "python3 -m venv /tmp/env && /tmp/env/bin/python -m pip install --quiet --no-deps --only-binary :all: " +
          "--require-hashes -r /tmp/uv.txt",
      );
    });
    afterEach(() => lab.repository.heal());
    afterAll(() => lab?.stop());

    const install = (index: string, lock: string) =>
      node.exec(
        `/tmp/env/bin/uv pip install --python /tmp/env/bin/python --reinstall --no-deps --require-hashes ${index} -r ${lock}`,
      );
    const pytorch =
      "--index-strategy unsafe-best-match --default-index https://pypi.org/simple --index https://download.pytorch.org/whl/rocm7.1";
    const sayTorch = `/tmp/env/bin/python -c 'import torch; print(torch.__version__, torch.version.hip, torch.version.cuda)'`;

    test("pip gets the real uv, by the trainer's own lock", async () => {
      expect(await node.read("/tmp/env/bin/uv --version")).toMatch(/^uv \d/);
    });

    test("uv installs a lock of PyTorch's index by hash, and its torch is one for ROCm", async () => {
      await put("/tmp/lock.txt", makeLock("2.10.0+rocm7.1"));
      const { exitCode, stderr } = await install(pytorch, "/tmp/lock.txt");
      expect(stderr).toContain("torch==2.10.0+rocm7.1");
      expect(exitCode).toBe(0);
      expect(await node.read(sayTorch)).toBe("2.10.0+rocm7.1 7.1.25424-0000000 None");
    });

    test("a plain installation takes CUDA's torch, although its file's name does not say so", async () => {
      await node.read("/tmp/env/bin/uv pip install --python /tmp/env/bin/python --reinstall torch==2.10.0");
      expect(await node.read(sayTorch)).toBe("2.10.0+cu128 None 12.8");
    });

    test("a wheel that is another one than the locked one is refused", async () => {
      await put("/tmp/lock.txt", makeLock("2.10.0+rocm7.1"));
      await node.read("/tmp/env/bin/uv cache clean");
      await lab.repository.corrupt("download.pytorch.org/whl/rocm7.1/torch-");
      const { exitCode, stderr } = await install(pytorch, "/tmp/lock.txt");
      expect(stderr).toMatch(/hash mismatch/i);
      expect(exitCode).not.toBe(0);
    });
  },
);
