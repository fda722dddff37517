import { join } from "node:path";
import { quote } from "../../scripts/quote.ts";

/** The program that reboots a node, run by the interpreter that runs this one: the version that understands TypeScript. */
export const rebootCommand = [process.execPath, join(import.meta.dirname, "main.ts")].map(quote).join(" ");
