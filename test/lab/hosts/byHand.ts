import type { LabNode } from "./runningNode.ts";

/** What AMD's instructions have an operator type on a node; the lab's own tests do so. */
const keyring = "/etc/apt/keyrings/rocm.gpg";

/** apt as a script uses it: it asks nothing, and says little. */
export const apt = (words: string): string => `DEBIAN_FRONTEND=noninteractive apt-get -q -y ${words}`;

/** Trusts the key that AMD publishes, names the archives of two releases, and puts AMD's packages before Ubuntu's. */
export async function addSources(node: LabNode, releases: { driver: string; rocm: string }): Promise<void> {
  await node.read(
    `curl -fsS https://repo.radeon.com/rocm/rocm.gpg.key | gpg --batch --yes --dearmor -o ${keyring}`,
  );
  await node.read(
    "printf 'Package: *\\nPin: release o=repo.radeon.com\\nPin-Priority: 600\\n' > /etc/apt/preferences.d/rocm-pin-600",
  );
  await nameSources(node, releases);
}

/** Names the archives of two releases, and no others; what is there is not asked for yet. */
export async function nameSources(
  node: LabNode,
  { driver, rocm }: { driver: string; rocm: string },
): Promise<void> {
  const paths = [`amdgpu/${driver}/ubuntu`, `rocm/apt/${rocm}`];
  if (!rocm.startsWith("6.")) paths.push(`graphics/${rocm}/ubuntu`);
  const lines = paths.map(
    (path) => `deb [arch=amd64 signed-by=${keyring}] https://repo.radeon.com/${path} $codename main`,
  );
  await node.read(
    `. /etc/os-release; codename=$VERSION_CODENAME; cat > /etc/apt/sources.list.d/rocm.list <<LINES\n${lines.join("\n")}\nLINES`,
  );
}

/** Installs the driver as amdgpu-dkms, with the headers that its build needs. */
export async function installDriver(node: LabNode): Promise<void> {
  await node.read(apt("update"));
  await node.read(apt("install linux-headers-$(uname -r)"));
  await node.read(apt("install amdgpu-dkms"));
}

/** Restarts the node from inside, and waits for it. */
export async function reboot(node: LabNode, command = "systemctl reboot"): Promise<void> {
  const { boots } = await node.readStatus();
  await node.exec(command);
  await node.waitForBoot(boots);
}
