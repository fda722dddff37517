import { parse, stringify } from "yaml";

export interface StackFileArgs {
  numNodes: number;
  /** Where all of them are said to be: with their facts stated, a preview has nothing to ask there. */
  address: string;
  port: number;
  /** OpenSSH form. */
  hostKey: string;
  privateKeyFile: string;
  lockFile: string;
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

/** The committed stack file of target `ssh` with other hosts, their facts stated, and driver, ROCm and PyTorch pinned. */
export function renderStackFile(committed: string, { numNodes, lockFile, ...where }: StackFileArgs): string {
  const { config } = parse(committed) as { config: Record<string, Record<string, unknown>> };
  const hosts = Array.from({ length: numNodes }, (_, index) => ({
    name: `node-${index}`,
    user: "root",
    ...where,
    root: `/opt/rocmark/node-${index}`,
    facts,
  }));
  return stringify(
    {
      config: {
        ...config,
        "rocmark:nodes": { hosts },
        "rocmark:software": { ...config["rocmark:software"], ...pins, lock: lockFile },
      },
    },
    { aliasDuplicateObjects: false },
  );
}
