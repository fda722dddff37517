import type { NodeFacts } from "../../../components/compatibility/request.ts";

/** A bare MI300X host before its first driver: everything is known that a rule asks for. */
export const mi300x: NodeFacts = {
  os: "ubuntu",
  osVersion: "24.04.3",
  kernel: "6.8.0-60-generic",
  gpus: [],
  gpuModel: "AMD Instinct MI300X",
  secureBoot: "off",
  amdgpuDriver: null,
  amdgpuPackage: null,
  virtualisation: "none",
  python: "3.12.3",
};

const noble = (point: string, kernel: string): Partial<NodeFacts> => ({
  osVersion: `24.04.${point}`,
  kernel,
});

/** Ubuntu's point releases, each with the GA kernel that all of 24.04 have. */
export const noble2 = noble("2", "6.8.0-60-generic");
export const noble3 = noble("3", "6.8.0-60-generic");
export const noble4 = noble("4", "6.8.0-60-generic");
export const jammy5: Partial<NodeFacts> = { osVersion: "22.04.5", kernel: "5.15.0-135-generic" };

export const on = (kernel: string): Partial<NodeFacts> => ({ kernel });
export const gpu = (gpuModel: string): Partial<NodeFacts> => ({ gpuModel });
