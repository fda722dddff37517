import type { Side } from "./sides/side.ts";
import type { Targets } from "./targets.ts";
import { mustBeDone } from "./verify.ts";

/** What was measured of one side, an entry a repeat. */
export interface Times {
  /** Seconds from empty nodes to all steps done, no connection standing before. */
  cold: number[];
  /** Seconds of the same once more, with nothing to do; what connections the side keeps may still stand. */
  again: number[];
  /** Logins on all nodes together, in each of the two. */
  loginsCold: number[];
  loginsAgain: number[];
}

/** The order in which sides take turns in a repeat: each is first, and last, as often as any other. */
export const toOrder = <T>(sides: readonly T[], repeat: number): T[] => {
  const start = repeat % sides.length;
  return [...sides.slice(start), ...sides.slice(0, start)];
};

/** Measure all sides in turns. Throws when one fails, or leaves a node that is not as it should be. */
export async function measure(
  sides: readonly Side[],
  targets: Targets,
  repeats: number,
  say: (line: string) => void,
): Promise<Map<Side["name"], Times>> {
  const all = new Map(
    sides.map(({ name }): [Side["name"], Times] => [
      name,
      { cold: [], again: [], loginsCold: [], loginsAgain: [] },
    ]),
  );
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const side of toOrder(sides, repeat)) {
      const times = all.get(side.name) as Times;
      await targets.empty();
      await side.prepare();
      try {
        const cold = await timed(side, targets);
        await mustBeDone(side.name, targets.hosts);
        const again = await timed(side, targets);
        await mustBeDone(side.name, targets.hosts);
        times.cold.push(cold.seconds);
        times.loginsCold.push(cold.logins);
        times.again.push(again.seconds);
        times.loginsAgain.push(again.logins);
        say(
          `repeat ${repeat + 1} of ${repeats}, ${side.name}: ${cold.seconds} s, again ${again.seconds} s ` +
            `(${cold.logins} and ${again.logins} logins)`,
        );
      } finally {
        await side.close();
      }
    }
  }
  return all;
}

async function timed(side: Side, targets: Targets): Promise<{ seconds: number; logins: number }> {
  const before = await targets.countLogins();
  const started = performance.now();
  await side.run();
  const seconds = Math.round(performance.now() - started) / 1000;
  return { seconds, logins: (await targets.countLogins()) - before };
}
