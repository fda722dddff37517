import type { Efficiency } from "../record.ts";

/** What bounds a fine-tune; "cannot tell" when the two largest shares lie close together. */
export type Bottleneck = "overhead" | "memory traffic" | "matrix work" | "attention" | "cannot tell";

/** Shares that are less far apart than this do not tell which is larger: two profiles of one step differ by as much. */
export const clearMargin = 0.05;

type Shares = Efficiency["shares"];

export interface Judgement {
  bottleneck: Bottleneck;
  /** Launching, waiting for samples and communicating: all that is no work of this device. */
  overhead: number;
}

/** Which share of the time is the largest: attention counts too, so that long samples are not taken for something else. */
export function judgeShares(shares: Shares): Judgement {
  const overhead = shares.launch + shares.input + shares.communication;
  const ranked: [Bottleneck, number][] = [
    ["overhead", overhead],
    ["memory traffic", shares.memory],
    ["matrix work", shares.matmul],
    ["attention", shares.attention],
  ];
  ranked.sort(([, a], [, b]) => b - a);
  const [[bottleneck, largest], [, second]] = ranked as [[Bottleneck, number], [Bottleneck, number]];
  return { bottleneck: largest - second < clearMargin ? "cannot tell" : bottleneck, overhead };
}

/** The mean of several runs' shares, which adds up as each of them does. */
export function meanShares(all: readonly [Shares, ...Shares[]]): Shares {
  const mean = (of: (shares: Shares) => number) =>
    all.reduce((sum, shares) => sum + of(shares), 0) / all.length;
  return {
    busy: mean(({ busy }) => busy),
    matmul: mean(({ matmul }) => matmul),
    attention: mean(({ attention }) => attention),
    memory: mean(({ memory }) => memory),
    communication: mean(({ communication }) => communication),
    input: mean(({ input }) => input),
    launch: mean(({ launch }) => launch),
  };
}
