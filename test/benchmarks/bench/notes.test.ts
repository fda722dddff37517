import { expect, test } from "vitest";
import { renderResults } from "../../../benchmarks/bench/renderResults.ts";
import type { BenchResult } from "../../../benchmarks/bench/results.ts";

const machine = { name: "Some CPU", processors: 2, load: { before: 0.1, after: 1 } };
const side = (version: string, cold: number[], again: number[]) => ({ version, cold, again });

const provisioning: BenchResult = {
  schema: 1,
  bench: "provisioning",
  date: "2026-11-25",
  machine,
  figures: { vsPyinfra: null, vsAnsible: 18.4, vsSsh: 0.45, secondsUp: 2.7, secondsUnchanged: 1.9 },
  raw: {
    nodes: 16,
    sides: {
      rocmark: side("Pulumi v3", [2.7, 2.5, 3], [1.9, 1.8, 2]),
      ssh: side("OpenSSH", [1.2, 1.2, 1.3], [1.2, 1.2, 1.2]),
    },
    reasons: { vsPyinfra: "they could not be installed: no index" },
  },
};

const scale: BenchResult = {
  schema: 1,
  bench: "scale",
  date: "2026-11-25",
  machine,
  figures: { secondsPreview1000: 41.2, peakMiB: 1203 },
  raw: {
    previews: [
      { nodes: 100, resources: 1108, seconds: [5.1], peakMiB: [702] },
      { nodes: 1000, resources: 11_008, seconds: [41.2], peakMiB: [1203] },
    ],
    reasons: {},
  },
};

test("the tables of provisioning and scale, whole", () => {
  expect(renderResults([provisioning, scale])).toMatchInlineSnapshot(`
    "**Provisioning, the same ten steps a node** on Some CPU, 2 processors, 2026-11-25, load 0.1 before and 1 after (\`npm run bench:provisioning\`):

    | what | found | target |
    | --- | --- | --- |
    | \`pulumi up\` from empty nodes | 2.70 s | 2 x plain ssh + 2 s |
    | again, nothing changed, no connection opened | 1.90 s | 3 s |
    | Ansible takes | 18.4 x | 9 x |
    | pyinfra takes | - | 5 x |
    | plain parallel ssh, one script a node, takes | 0.45 x |  |

    - 16 nodes, each an OpenSSH server on loopback with a host key of its own, checked by every side; in turns, 3 repeats.
    - rocmark (Pulumi v3): 2.7 s [2.5, 3.0], again 1.9 s [1.8, 2.0]
    - ssh (OpenSSH): 1.2 s [1.2, 1.3], again 1.2 s [1.2, 1.2]
    - No figure for "pyinfra takes": they could not be installed: no index.

    **Preview of 1,000 nodes, none of them asked** on Some CPU, 2 processors, 2026-11-25, load 0.1 before and 1 after (\`npm run bench:scale\`):

    | what | found | target |
    | --- | --- | --- |
    | \`pulumi preview\` | 41.2 s | 60 s |
    | most memory of engine, program and plugin together | 1203 MiB | 1536 MiB |

    - 100 nodes, 1108 resources: 5.1 s, 702 MiB
    - 1000 nodes, 11008 resources: 41.2 s, 1203 MiB"
  `);
});
