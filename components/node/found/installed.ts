import type { Installed } from "../verification.ts";
import type { Inspection } from "./inspection.ts";

/** What is installed on a host for one of its environments, as its fingerprint has it. */
export function toInstalled(found: Inspection, variant: string): Installed {
  const environment = found.environments[variant];
  if (environment === undefined || "error" in environment)
    throw new RangeError(`The environment "${variant}" was not verified.`);
  const { driver, packages, rocm, amdSmi, rocminfo } = found;
  return {
    ...environment,
    driver: { module: driver.module, srcversion: driver.srcversion },
    system: Object.fromEntries(Object.entries(packages).filter((entry) => entry[1] !== null)) as Record<
      string,
      string
    >,
    rocm,
    gpus: amdSmi?.gpus.map(({ name }) => name ?? "unnamed") ?? [],
    isas: rocminfo?.isas ?? [],
  };
}
