import type { Arm, Experiment, Scenario } from "./experiment.ts";
import { createRandom, shuffle } from "./statistics/random.ts";

/** One run to make: an arm measured once. */
export interface ScheduledRun {
  arm: Arm;
  scenario: Scenario;
  repeat: number;
}

/**
 * The runs of an experiment in order: block by block, a block being one repeat of every scenario that still has one,
 * each with all arms next to each other.
 *
 * Arms stand in random order in even blocks and in the reverse of it in the odd block that follows (ABBA), so that a
 * drift that is linear in time cancels over each pair of blocks. The same experiment and seed give the same order.
 */
export function scheduleRuns({
  arms,
  scenarios,
  seed,
}: Pick<Experiment, "arms" | "scenarios" | "seed">): ScheduledRun[] {
  const random = createRandom(seed);
  const numBlocks = Math.max(...scenarios.map(({ repeats }) => repeats));
  const runs: ScheduledRun[] = [];
  let order = arms;
  for (let repeat = 0; repeat < numBlocks; repeat++) {
    order = repeat % 2 === 0 ? shuffle(arms, random) : [...order].reverse();
    for (const scenario of shuffle(scenarios, random))
      if (repeat < scenario.repeats) for (const arm of order) runs.push({ arm, scenario, repeat });
  }
  return runs;
}
