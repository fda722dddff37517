import { parse, stringify } from "yaml";

export interface HostsArgs {
  /** Where all of them are said to be: with their facts stated, a preview has nothing to ask there. */
  address: string;
  port: number;
  /** OpenSSH form. */
  hostKey: string;
  privateKeyFile: string;
}

/** What an operator states of a host with eight MI300X. */
const facts = {
  os: "ubuntu",
  osVersion: "24.04.3",
  kernel: "6.8.0-60-generic",
  gpus: Array<string>(8).fill("gfx942"),
  gpuModel: "MI300X",
  secureBoot: "off",
  amdgpuDriver: null,
  amdgpuPackage: null,
  virtualisation: "none",
  python: "3.12.3",
};

const pins = { driver: "30.20.1", rocm: "7.1.1", pytorch: "2.10.0+rocm7.1", python: "3.12" };

/** A lock of nothing but the pinned PyTorch: a preview reads it and installs nothing. */
export const lockText = `torch==${pins.pytorch} \\\n    --hash=sha256:${"0".repeat(64)}\n`;

/** What `rocmark:nodes.hostsFile` names: hosts, their facts stated. */
export const renderHosts = (numNodes: number, where: HostsArgs): string =>
  JSON.stringify(
    Array.from({ length: numNodes }, (_, index) => ({
      name: `node-${index}`,
      user: "root",
      ...where,
      root: `/opt/rocmark/node-${index}`,
      facts,
    })),
  );

/** The committed stack file of target `ssh` with hosts from a file, and driver, ROCm and PyTorch pinned. */
export function renderStackFile(committed: string, files: { hostsFile: string; lockFile: string }): string {
  const { config } = parse(committed) as { config: Record<string, Record<string, unknown>> };
  return stringify({
    config: {
      ...config,
      "rocmark:nodes": { hostsFile: files.hostsFile },
      "rocmark:software": { ...config["rocmark:software"], ...pins, lock: files.lockFile },
    },
  });
}
