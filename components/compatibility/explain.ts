import type { Finding, Nearest, Scope, SoftwareSet } from "./request.ts";
import type { Solution } from "./solve.ts";
import { type Source, type SourceKey, sources } from "./sources.ts";
import { toMinor } from "./versions.ts";

type Solved = Extract<Solution, { kind: "solved" }>;

/** A solution for a person: what was wanted and found, which key, who says so, what to do next. */
export function explain(solution: Solution): string {
  if (solution.kind === "solved") return join([...explainHost(solution), ...explainWheel(solution)]);
  return explainRefusal(solution);
}

/** The same for an environment beside another on the same node: of the driver and the packages nothing is said. */
export function explainBeside(solution: Solution): string {
  if (solution.kind === "solved") return join([headline(solution), ...explainWheel(solution)]);
  return explainRefusal(solution);
}

function explainRefusal(solution: Exclude<Solution, Solved>): string {
  const { unknowns, scope } = solution;
  if (solution.kind === "impossible") {
    const { broken, set } = solution;
    return join([
      `This software cannot work on this node: ${count(broken.length, "rule is", "rules are")} broken` +
        `${set ? ` by the best set there is, ${describe(set, scope)}` : ""}.`,
      ...broken.map(item),
      unknowns.length > 0 ? `${count(unknowns.length, "more is", "more are")} not known:` : null,
      ...unknowns.map(item),
      nearestLine(solution.nearest, scope) ?? nodeHasToChange,
    ]);
  }
  return join([
    `Nobody has said whether ${describe(solution.set, scope)} works on this node: ` +
      `${count(unknowns.length, "rule is", "rules are")} not answered, and what is not known is not taken for fine.`,
    ...unknowns.map(item),
    nearestLine(solution.nearest, scope) ??
      (unknowns.every(({ missingFact }) => missingFact)
        ? "No pin stands in the way: the node has to say what is missing."
        : nodeHasToChange),
    "With rocmark:software.allowUnknown: true it goes on all the same, and the records say so.",
  ]);
}

const nodeHasToChange = "No change of the pins helps: the node has to change.";

/** A set in one line. */
export const describe = (set: SoftwareSet, scope: Scope): string =>
  `driver ${set.driver}, ${scope === "host" ? `ROCm ${set.rocm}` : `the wheel's own ROCm ${toMinor(set.rocm)}`}, ` +
  `torch ${set.pytorch}, Python ${set.python}`;

const headline = ({ set, scope, unknowns }: Solved): string =>
  `${describe(set, scope)}: ${unknowns.length === 0 ? "every rule holds" : `allowed, with ${count(unknowns.length, "rule", "rules")} not answered`}.`;

function explainHost(solution: Solved): string[] {
  const { moduleVersion, repositories, packages, driver } = solution.installation;
  return [
    headline(solution),
    `  driver: ${driver}; afterwards /sys/module/amdgpu/version says ${moduleVersion.value ?? "what no source names"} (${cite(moduleVersion.source)})`,
    ...repositories.map(
      ({ value, source }) =>
        `  apt: ${value.url} ${value.suite} ${value.components.join(" ")} (${cite(source)})`,
    ),
    ...packages.map(({ value, source }) => `  package: ${value.name}=${value.version} (${cite(source)})`),
  ];
}

function explainWheel({ installation, unknowns }: Solved): string[] {
  const { torch, index } = installation.wheel;
  return [
    `  wheel: torch==${torch.value} from ${index.value}, as the only index (${cite(index.source)})`,
    ...unknowns.map(item),
  ];
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

function nearestLine(nearest: Nearest | null, scope: Scope): string | null {
  if (nearest === null) return null;
  const changes = nearest.changes.map(({ key, from, to }) => `${key} from ${from} to ${to}`);
  return `Nearest set that works: change ${changes.join(" and ")}, which gives ${describe(nearest.set, scope)}.`;
}

const cite = (key: SourceKey): string => sources[key].url;

function citeInFull(key: SourceKey): string {
  const { title, url, date }: Source = sources[key];
  return `${title}, ${url} (${date})`;
}

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

const join = (lines: readonly (string | null)[]): string => lines.filter((line) => line !== null).join("\n");
