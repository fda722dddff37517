/** A display or accelerator of AMD on a node's PCI bus, as the facts script prints it: device id and a name, if any. */
export interface Card {
  /** Four hexadecimal digits, "74a1". */
  id: string;
  /** What the board itself or lspci calls it; empty where neither knows. */
  name: string;
}

/**
 * Names of devices that an older distribution's lspci does not know; the board or the list of PCI ids says the others.
 *
 * Source: pci.ids of the hwdata project, vendor 1002.
 */
const named: Readonly<Record<string, string>> = {
  "738c": "Instinct MI100",
  "740c": "Instinct MI250X/MI250",
  "740f": "Instinct MI210",
  "74a0": "Instinct MI300A",
  "74a1": "Instinct MI300X",
  "74a5": "Instinct MI325X",
  "74b5": "Instinct MI300X VF",
  "74b9": "Instinct MI325X VF",
};

/** "74a1 Advanced Micro Devices, Inc. [AMD/ATI] Aqua Vanjaram [Instinct MI300X]" as a card. */
export function parseCard(line: string): Card {
  const [id = "", ...words] = line.trim().split(/\s+/);
  return { id: id.toLowerCase(), name: words.join(" ") };
}

/**
 * The model's name without the maker's and the chip's: "Instinct MI300X VF", "Radeon RX 7900 XT/7900 XTX".
 *
 * Null where nobody knows the card, which is then known by its gfx target once a driver lists it.
 */
export function gpuModel(cards: readonly Card[]): string | null {
  const names = cards.map(({ id, name }) => {
    const said = /\[(?!AMD)([^\][]+)\]\s*$/.exec(name)?.[1] ?? (/instinct|radeon/i.test(name) ? name : "");
    return said.trim() || (named[id] ?? "");
  });
  // An accelerator before the display that a server's board or a desktop's processor has beside it.
  return names.find((name) => /instinct/i.test(name)) ?? names.find((name) => name !== "") ?? null;
}

/** Whether a card is a virtual function (SR-IOV): its name says so, or its id is one of those that only such have. */
export const isVirtualFunction = (cards: readonly Card[]): boolean =>
  cards.some(({ id, name }) => /\bVF\b/.test(`${name} ${named[id] ?? ""}`));
