import type { Inspection } from "../node/found/inspection.ts";
import type { Installed } from "../node/verification.ts";
import { count } from "./compare.ts";
import { type DeployedNode, environmentsOf } from "./question.ts";

/** One thing that was looked at. */
export interface Item {
  item: string;
  expected: string;
  found: string;
}

/** What was expected of a node and what was found, item by item, what is right too. */
export function itemsOf(node: DeployedNode, found: Inspection): Item[] {
  const { facts, installed } = node.fingerprint;
  const row = (item: string, expected: string | null | undefined, now: string | null | undefined): Item => ({
    item,
    expected: expected ?? "none",
    found: now ?? "none",
  });
  return [
    row("kernel", facts.kernel, found.facts.kernel),
    ...(facts.accelerator === "cpu" ? [] : [row("GPUs", count(facts.gpus), count(found.facts.gpus))]),
    ...(installed.driver ? [row("amdgpu module", installed.driver.module, found.driver.module)] : []),
    ...Object.entries(installed.system ?? {}).map(([name, version]) =>
      row(name, version, found.packages[name]),
    ),
    ...(installed.rocm === undefined ? [] : [row("ROCm", installed.rocm, found.rocm)]),
    ...Object.entries(environmentsOf(node)).flatMap(([name, { fingerprint }]) => {
      const now = found.environments[name];
      const of = (item: string) => (name === "default" ? item : `${item}, ${name}`);
      const gone = now === undefined || "error" in now;
      return [
        row(of("torch"), build(fingerprint.installed.torch), gone ? null : build(now.torch)),
        row(of("packages"), numbered(fingerprint.installed), gone ? null : numbered(now)),
        ...(found.fitness[name]?.checks ?? []).map((check) =>
          row(of(`check of ${check.device}`), "computes and copies rightly", fitness(check)),
        ),
      ];
    }),
  ];
}

const numbered = ({ packages }: Installed): string => `${Object.keys(packages).length}`;

const build = ({ version, hip, cuda }: Installed["torch"]): string =>
  hip ? `${version} (HIP ${hip})` : cuda ? `${version} (CUDA ${cuda})` : `${version} (CPU)`;

function fitness({ ok, copyGBs }: Inspection["fitness"][string]["checks"][number]): string {
  const speed = typeof copyGBs === "number" ? `, ${copyGBs} GB/s` : "";
  return `${ok ? "computes and copies rightly" : "not fit"}${speed}`;
}
