import { expect, test } from "vitest";
import { compareArms } from "../../benchmarks/comparison/compare.ts";
import { recordRefused } from "../../benchmarks/errors.ts";
import { renderReport } from "../../benchmarks/report/markdown.ts";
import { renderMarkdownTable, renderTable } from "../../benchmarks/report/table.ts";
import { summarise } from "../../benchmarks/store/summary.ts";
import { buildQuestions, buildRecord, buildTimings } from "./recordBuilder.ts";

const settings = {
  baseline: "one-node",
  candidate: "two-nodes",
  factor: "nodes",
  accuracyMargin: 0.02,
  timingMargin: 0.02,
};
const records = [
  ...["one-node", "two-nodes"].map((arm) =>
    buildRecord({
      id: `20261124T000000-accuracy-${arm}`,
      arm,
      experiment: "first-look/accuracy",
      evaluation: {
        tuned: buildQuestions(600, arm === "one-node" ? 580 : 578),
        untuned: buildQuestions(600, 150),
      },
    }),
  ),
  ...buildTimings({ candidateSeconds: 7 }),
  {
    ...buildRecord({ id: "20261124T000100-failed", arm: "two-nodes", repeat: 5 }),
    outcome: "timeout" as const,
    error: { code: "E_TIMEOUT", message: "too | slow `x` <script>\nand more" },
    steps: null,
  },
];
const runs = records.map((record) => summarise(record, `${record.id}.json`));

test("the report, whole", () => {
  const bad = [{ file: "x.json", error: recordRefused("x.json", "seed", "a number", "nothing") }];
  expect(renderReport(runs, [compareArms(runs, settings)], bad)).toMatchInlineSnapshot(`
    "# rocmark report

    13 runs, 1 of them not ok. Newest: 2026-11-24T00:00:00.000Z.

    ## two-nodes against one-node

    ### first-look/accuracy

    | arm | runs | train, median | step, median | tokens/s |
    | --- | --- | --- | --- | --- |
    | one-node | 1 | 10.0 s | 0.50 s | 300 |
    | two-nodes | 1 | 10.0 s | 0.50 s | 300 |

    time: **not enough runs**: 1 and 1 runs; five an arm are the least that can show a difference

    | arm | model | by log-probability, 600 questions | by the letter it writes |
    | --- | --- | --- | --- |
    | one-node | untuned | 25.0 % [21.7 %, 28.6 %] | 22.5 % [19.3 %, 26.0 %], 60 of 600 named no letter |
    | one-node | tuned | 96.7 % [94.9 %, 97.8 %] | 87.0 % [84.1 %, 89.5 %], 60 of 600 named no letter |
    | two-nodes | untuned | 25.0 % [21.7 %, 28.6 %] | 22.5 % [19.3 %, 26.0 %], 60 of 600 named no letter |
    | two-nodes | tuned | 96.3 % [94.5 %, 97.6 %] | 86.8 % [83.9 %, 89.3 %], 60 of 600 named no letter |

    learned, one-node: **more accurate**: +71.7 points, 95 % interval [+67.8 points, +75.1 points], [+71.2 points, +72.1 points] when subjects err together, McNemar p < 0.001, 0 and 430 questions only one of them has right

    learned, two-nodes: **more accurate**: +71.3 points, 95 % interval [+67.5 points, +74.7 points], [+70.8 points, +71.9 points] when subjects err together, McNemar p < 0.001, 0 and 428 questions only one of them has right

    accuracy, two-nodes against one-node: **equivalent** within 2.0 points: -0.3 points, 95 % interval [-1.2 points, +0.4 points], [-0.8 points, +0.1 points] when subjects err together, McNemar p = 0.500, 2 and 0 questions only one of them has right

    ### first-look/timing

    | arm | runs | train, median | step, median | tokens/s |
    | --- | --- | --- | --- | --- |
    | one-node | 5 | 10.2 s | 0.50 s | 294 |
    | two-nodes | 5 (+1 failed) | 6.95 s | 0.50 s | 431 |

    time: **faster**: two-nodes takes 0.682 times as long as one-node, 95 % interval [0.677, 0.716], p = 0.008, 5 and 5 runs

    ## Where the time goes

    | arm, median | runs | import | load | tokenise | train | save | total |
    | --- | --- | --- | --- | --- | --- | --- | --- |
    | first-look/accuracy one-node | 1 | 2.00 s | 1.00 s | 0.50 s | 10.0 s | 0.10 s | 14.0 s |
    | first-look/accuracy two-nodes | 1 | 2.00 s | 1.00 s | 0.50 s | 10.0 s | 0.10 s | 14.0 s |
    | first-look/timing one-node | 5 | 2.00 s | 1.00 s | 0.50 s | 10.2 s | 0.10 s | 14.2 s |
    | first-look/timing two-nodes | 5 | 2.00 s | 1.00 s | 0.50 s | 6.95 s | 0.10 s | 11.0 s |

    ## Runs

    | run | experiment | arm | outcome | train | total | last loss | peak memory |
    | --- | --- | --- | --- | --- | --- | --- | --- |
    | 20261124T000000-accuracy-one-node | first-look/accuracy | one-node | ok | 10.0 s | 14.0 s | 1.8000 | 1.25 GiB |
    | 20261124T000000-accuracy-two-nodes | first-look/accuracy | two-nodes | ok | 10.0 s | 14.0 s | 1.8000 | 1.25 GiB |
    | 20261124T000000-00000000 | first-look/timing | one-node | ok | 10.0 s | 14.0 s | 1.8000 | 1.25 GiB |
    | 20261124T000000-00000001 | first-look/timing | two-nodes | ok | 6.92 s | 10.9 s | 1.8000 | 1.25 GiB |
    | 20261124T000001-00000000 | first-look/timing | one-node | ok | 10.2 s | 14.2 s | 1.8000 | 1.25 GiB |
    | 20261124T000001-00000001 | first-look/timing | two-nodes | ok | 6.95 s | 11.0 s | 1.8000 | 1.25 GiB |
    | 20261124T000002-00000000 | first-look/timing | one-node | ok | 10.2 s | 14.2 s | 1.8000 | 1.25 GiB |
    | 20261124T000002-00000001 | first-look/timing | two-nodes | ok | 6.96 s | 11.0 s | 1.8000 | 1.25 GiB |
    | 20261124T000003-00000000 | first-look/timing | one-node | ok | 10.2 s | 14.2 s | 1.8000 | 1.25 GiB |
    | 20261124T000003-00000001 | first-look/timing | two-nodes | ok | 6.91 s | 10.9 s | 1.8000 | 1.25 GiB |
    | 20261124T000004-00000000 | first-look/timing | one-node | ok | 10.1 s | 14.1 s | 1.8000 | 1.25 GiB |
    | 20261124T000004-00000001 | first-look/timing | two-nodes | ok | 7.30 s | 11.3 s | 1.8000 | 1.25 GiB |
    | 20261124T000100-failed | first-look/timing | two-nodes | timeout | 10.0 s | 14.0 s | - | 1.25 GiB |

    ## What failed

    - 20261124T000100-failed (two-nodes): timeout, E_TIMEOUT: \`too | slow 'x' <script>\`

    ## Files that are no record

    - x.json: \`x.json: seed: wanted a number, found nothing. The file is left as it is; move it out of the records directory if it does not belong there.\`

    ## Software

    | what | found |
    | --- | --- |
    | accelerator | \`cpu\` |
    | device | \`Some CPU\` |
    | peft | \`0.21.2\` |
    | python | \`3.11.7\` |
    | torch | \`2.11.0\` |

    ## How to read this

    - Time is the train phase of runs with outcome ok. The ratio is that of the medians with a percentile bootstrap interval (10,000 resamples); a verdict also needs Mann and Whitney's exact test below 0.05.
    - Accuracy is the share of questions whose likeliest option, by the log-probability of its whole text, is right, with Wilson's interval; two models are compared on the same questions by McNemar's exact test.
    - \`equivalent\` means that the 90 % interval of the difference lies within the margin that was set beforehand (two one-sided tests at 5 %).
    - What bounds an arm is the largest share of a step's forward and backward pass: overhead (launching, waiting for samples, communicating), memory traffic, matrix work or attention; shares come from a profile, held against the same steps undisturbed. The nearest two must lie 5 points apart.
    - Useful work is 4 FLOP a parameter of the frozen base and token, the head for tokens with loss only; attention, the adapter, padding and recomputation do not count. Ceilings were measured in the run's own process.
    - A letter is read from what the model writes; an answer that names none is counted apart.
    "
  `);
});

test("columns are as wide as what is in them; Markdown cells keep their bars", () => {
  expect(
    renderTable([
      ["a", "bb"],
      ["ccc", "d"],
    ]),
  ).toBe("a    bb\n---  --\nccc  d");
  expect(renderMarkdownTable([["a"], ["x|y"]])).toBe("| a |\n| --- |\n| x\\|y |");
});
