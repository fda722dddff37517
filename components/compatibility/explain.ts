import type { Finding, Nearest, SoftwareSet } from "./request.ts";
import type { Solution } from "./solve.ts";
import { type Source, type SourceKey, sources } from "./sources.ts";

/** A solution for a person: what was wanted and found, which key, who says so, what to do next. */
export function explain(solution: Solution): string {
  if (solution.kind === "solved") return explainSolved(solution);
  if (solution.kind === "impossible") {
    const { broken, unknowns } = solution;
    return join([
      `This software cannot work on this node: ${count(broken.length, "rule is", "rules are")} broken` +
        `${solution.set ? ` by the best set there is, ${describe(solution.set)}` : ""}.`,
      ...broken.map(item),
      unknowns.length > 0 ? `${count(unknowns.length, "more is", "more are")} not known:` : null,
      ...unknowns.map(item),
      nearestLine(solution.nearest) ?? "No change of the pins helps: the node has to change.",
    ]);
  }
  const { unknowns } = solution;
  return join([
    `Nobody has said whether ${describe(solution.set)} works on this node: ` +
      `${count(unknowns.length, "rule is", "rules are")} not answered, and what is not known is not taken for fine.`,
    ...unknowns.map(item),
    nearestLine(solution.nearest) ??
      (unknowns.every(({ missingFact }) => missingFact)
        ? "No pin stands in the way: the node has to say what is missing."
        : "No change of the pins helps: the node has to change."),
    "With rocmark:software.allowUnknown: true it goes on all the same, and the records say so.",
  ]);
}

/** A set in one line. */
export const describe = (set: SoftwareSet): string =>
  `driver ${set.driver}, ROCm ${set.rocm}, torch ${set.pytorch}, Python ${set.python}`;

function explainSolved({ set, installation, unknowns }: Extract<Solution, { kind: "solved" }>): string {
  const { moduleVersion, repositories, packages, wheel } = installation;
  return join([
    `${describe(set)}: ${unknowns.length === 0 ? "every rule holds" : `allowed, with ${count(unknowns.length, "rule", "rules")} not answered`}.`,
    `  driver: ${installation.driver}; afterwards /sys/module/amdgpu/version says ${moduleVersion.value ?? "what no source names"} (${cite(moduleVersion.source)})`,
    ...repositories.map(
      ({ value, source }) =>
        `  apt: ${value.url} ${value.suite} ${value.components.join(" ")} (${cite(source)})`,
    ),
    ...packages.map(({ value, source }) => `  package: ${value.name}=${value.version} (${cite(source)})`),
    `  wheel: torch==${wheel.torch.value} from ${wheel.index.value}, as the only index (${cite(wheel.index.source)})`,
    ...unknowns.map(item),
  ]);
}

function item(finding: Finding): string {
  return join([
    `  - ${finding.rule} (${finding.keys.join(", ")})`,
    `    wanted: ${finding.wanted}`,
    `    found: ${finding.found}`,
    ...finding.sources.map(
      (key) => `    ${finding.verdict === "unknown" ? "not covered by" : "source"}: ${citeInFull(key)}`,
    ),
    finding.next === "" ? null : `    next: ${finding.next}`,
  ]);
}

function nearestLine(nearest: Nearest | null): string | null {
  if (nearest === null) return null;
  const changes = nearest.changes.map(({ key, from, to }) => `${key} from ${from} to ${to}`);
  return `Nearest set that works: change ${changes.join(" and ")}, which gives ${describe(nearest.set)}.`;
}

const cite = (key: SourceKey): string => sources[key].url;

function citeInFull(key: SourceKey): string {
  const { title, url, date }: Source = sources[key];
  return `${title}, ${url} (${date})`;
}

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

const join = (lines: readonly (string | null)[]): string => lines.filter((line) => line !== null).join("\n");
