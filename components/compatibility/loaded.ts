import type { DriverRow } from "./drivers.ts";
import type { NodeFacts } from "./request.ts";
import { toDriverDigits } from "./versions.ts";

/** Whether the node's loaded module may be the driver's: releases that share a module version cannot be told apart by it. */
export const mayBeLoaded = (row: DriverRow, node: NodeFacts): boolean =>
  row.module !== null && row.module === node.amdgpuDriver && isPackage(row, node) !== false;

/** Whether the node's loaded module is the one that the driver installs, so that nothing has to be built. */
export const isLoaded = (row: DriverRow, node: NodeFacts): boolean =>
  mayBeLoaded(row, node) && isPackage(row, node) === true;

// 1:6.16.13.30300400-2341068.24.04 holds the release's digits between the module's version and the build's number.
function isPackage({ release, module }: DriverRow, { amdgpuPackage }: NodeFacts): boolean | null {
  if (amdgpuPackage == null) return null;
  return amdgpuPackage.startsWith(`1:${module}.${toDriverDigits(release)}-`);
}
