import { renderTable } from "../report/table.ts";
import type { NodeDrift } from "./askNodes.ts";

const states = {
  fit: "fit: as it was verified, and every device computes rightly",
  drift: "not as it was verified, or not fit",
  unknown: "not known",
  busy: "busy",
} as const;

/** Every node with what was expected and found, then each difference with the next move, one line each. */
export function renderNodes(nodes: readonly NodeDrift[]): string {
  const numFit = nodes.filter(({ state }) => state === "fit").length;
  const parts = nodes.map(({ node, state, problems, items }) =>
    [
      `${node}: ${states[state]}`,
      ...(items.length === 0
        ? []
        : [
            renderTable([
              ["item", "expected", "found"],
              ...items.map(({ item, expected, found }) => [item, expected, found]),
            ]).replace(/^/gm, "  "),
          ]),
      ...problems.map((problem) => `  - ${problem}`),
    ].join("\n"),
  );
  return [...parts, `${numFit} of ${nodes.length} ${nodes.length === 1 ? "node is" : "nodes are"} fit.`].join(
    "\n\n",
  );
}
