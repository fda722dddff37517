import { explain, explainBeside } from "./explain.ts";
import { describeFacts, type Group } from "./groups.ts";
import type { Finding } from "./request.ts";
import type { Solution } from "./solve.ts";

interface Answered extends Group {
  environments: readonly { name: string; solution: Solution }[];
}

/** The answer for a whole stack: each kind of node once, with the names of all nodes of that kind. */
export function explainStack(groups: readonly Answered[], isSolved: boolean): string {
  const count = groups.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const head = isSolved
    ? `What the stack pins of its software fits ${count === 1 ? "its node" : `all of its ${count} nodes`}:`
    : "What the stack pins of its software does not fit its nodes; nothing was touched:";
  return [head, ...groups.flatMap(explainGroup)].join("\n");
}

function explainGroup({ nodes, facts, environments }: Answered): string[] {
  const [own, ...variants] = environments;
  return [
    `${nodes.join(", ")} (${describeFacts(facts)}):`,
    ...(facts === null
      ? [indent("Say what you know of it under facts of its host in rocmark:nodes.hosts.")]
      : []),
    ...(own ? [indent(explain(own.solution))] : []),
    ...variants.flatMap(({ name, solution }) => {
      const rest = own ? withoutSaid(solution, own.solution) : solution;
      return [
        indent(`variant "${name}":`),
        indent(indent(rest ? explainBeside(rest) : "the same rules as above.")),
      ];
    }),
  ];
}

// The driver's rules are the same for every environment of a node: they are said once. Null where nothing else remains.
function withoutSaid(solution: Solution, own: Solution): Solution | null {
  if (solution.kind === "solved" || own.kind === "solved") return solution;
  const said = new Set([...against(own)].map(identity));
  const unsaid = (findings: readonly Finding[]) => findings.filter((finding) => !said.has(identity(finding)));
  const unknowns = unsaid(solution.unknowns);
  if (solution.kind === "unknown") return unknowns.length > 0 ? { ...solution, unknowns } : null;
  const broken = unsaid(solution.broken);
  if (broken.length > 0) return { ...solution, broken, unknowns };
  return null;
}

const against = (solution: Exclude<Solution, { kind: "solved" }>): readonly Finding[] =>
  solution.kind === "unknown" ? solution.unknowns : [...solution.broken, ...solution.unknowns];

const identity = ({ rule, wanted, found }: Finding): string => JSON.stringify([rule, wanted, found]);

const indent = (text: string): string => text.replace(/^/gm, "  ");
