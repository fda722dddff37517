import { refusal } from "../errors.ts";

/** Options that say beforehand which differences count as none. */
export const marginArgs = {
  "margin-points": {
    type: "string",
    description: "difference in accuracy that counts as none, in points",
    default: "2",
    valueHint: "P",
  },
  "margin-percent": {
    type: "string",
    description: "difference in time that counts as none, in percent",
    default: "2",
    valueHint: "P",
  },
} as const;

/** A share from a number of points or percent. */
export function toShare(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && value <= 50))
    throw refusal("E_MARGIN", `--${flag}: wanted a number above 0 and up to 50, found "${text}".`);
  return value / 100;
}
