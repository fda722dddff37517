/** A kind of GPU: what PCI, KFD, ROCm's programs and PyTorch say of it. */
export interface GpuKind {
  /** Marketing name, as amd-smi and PyTorch say it. */
  name: string;
  gfx: string;
  /** Target with its features, as `gcnArchName` has it. */
  isa: string;
  deviceId: string;
  /** Class and subclass: 1200 is a processing accelerator, 0380 a display controller, 0300 a VGA controller. */
  pciClass: string;
  /** Name in pci.ids. */
  pciName: string;
  computeUnits: number;
  vramMiB: number;
}

/** One GPU of a node. */
export interface Gpu extends GpuKind {
  /** PCI address: domain, bus, device and function. */
  bdf: string;
  /** Number of its /dev/dri/renderD. */
  renderMinor: number;
}

const cdna = (gfx: string) => `${gfx}:sramecc+:xnack-`;

/**
 * GPUs that a lab knows. Sources: pci.ids; AMD's "System requirements (Linux)" for targets; k8s-device-plugin's labels
 * (MI300X: 304 compute units, 74a1; 74b5 is its virtual function). Of an MI250X each die is a GPU to the system.
 */
export const gpuKinds = {
  MI210: kind("AMD Instinct MI210", "gfx90a", "740f", "0380", "Aldebaran/MI200 [Instinct MI210]", 104, 64),
  MI250X: kind("AMD Instinct MI250X", "gfx90a", "7408", "0380", "Aldebaran/MI200 [Instinct MI250X]", 110, 64),
  MI300X: kind("AMD Instinct MI300X", "gfx942", "74a1", "1200", "Aqua Vanjaram [Instinct MI300X]", 304, 192),
  "MI300X VF": kind(
    "AMD Instinct MI300X VF",
    "gfx942",
    "74b5",
    "1200",
    "Aqua Vanjaram [Instinct MI300X VF]",
    304,
    192,
  ),
  MI325X: kind("AMD Instinct MI325X", "gfx942", "74a5", "1200", "Aqua Vanjaram [Instinct MI325X]", 304, 256),
  MI350X: kind("AMD Instinct MI350X", "gfx950", "75a0", "1200", "[Instinct MI350X]", 256, 288),
  MI355X: kind("AMD Instinct MI355X", "gfx950", "75a3", "1200", "[Instinct MI355X]", 256, 288),
  "RX 7900 XTX": {
    ...kind(
      "AMD Radeon RX 7900 XTX",
      "gfx1100",
      "744c",
      "0300",
      "Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]",
      96,
      24,
    ),
    isa: "gfx1100",
  },
} as const satisfies Record<string, GpuKind>;

export type GpuModel = keyof typeof gpuKinds;

/** GPUs of one model, in slots one after the other. */
export const toGpus = (model: GpuModel, count: number): Gpu[] =>
  Array.from({ length: count }, (_, index) => ({
    ...gpuKinds[model],
    bdf: `0000:${(5 + index * 16).toString(16).padStart(2, "0")}:00.0`,
    renderMinor: 128 + index,
  }));

function kind(
  name: string,
  gfx: string,
  deviceId: string,
  pciClass: string,
  pciName: string,
  computeUnits: number,
  vramGiB: number,
): GpuKind {
  return {
    name,
    gfx,
    isa: cdna(gfx),
    deviceId: `0x${deviceId}`,
    pciClass,
    pciName,
    computeUnits,
    vramMiB: vramGiB * 1024,
  };
}
