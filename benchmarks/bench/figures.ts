import { percent, seconds } from "../report/words.ts";

/** How one figure of a benchmark is read. */
export interface Figure {
  key: string;
  /** What it is, in the words of a table's row. */
  label: string;
  show: (value: number) => string;
  /** What is aimed at, and where. */
  target: string;
}

const times = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(1)} x`;

/** A benchmark's title, the command that makes its figures, and how each is read, in the order of the table. */
export interface Benchmark {
  title: string;
  command: string;
  figures: readonly Figure[];
}

export const benchmarks: Readonly<Record<string, Benchmark>> = {
  trainer: {
    title: "The fine-tune",
    command: "npm run bench:trainer",
    figures: [
      {
        key: "vsTrainer",
        label: "training loop: `fast` against Trainer + PEFT, the same samples in the same steps",
        show: times,
        target: "20 x on a GPU",
      },
      {
        key: "vsWalkthrough",
        label: "training loop: `fast` against the published walkthrough",
        show: times,
        target: "1 x on a CPU, 20 x on a GPU",
      },
      {
        key: "ceilingShare",
        label: "share of the measured matrix-product ceiling in the training loop",
        show: percent,
        target: "55 % on a GPU",
      },
      {
        key: "secondsToAdapterCold",
        label: "start to adapter (import, load, tokenise, compile, train, save), nothing compiled yet",
        show: seconds,
        target: "60 s on a GPU",
      },
      {
        key: "secondsToAdapterWarm",
        label: "the same with a warm compile cache",
        show: seconds,
        target: "25 s on a GPU",
      },
      {
        key: "memoryPredictionError",
        label: "predicted against measured peak memory, the worst arm",
        show: percent,
        target: "10 %",
      },
      {
        key: "harnessOverhead",
        label: "a step inside the harness against the bare loop",
        show: (value) => `${value < 0 ? "" : "+"}${percent(value)}`,
        target: "1 %",
      },
    ],
  },
};
