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
  provisioning: {
    title: "Provisioning, the same ten steps a node",
    command: "npm run bench:provisioning",
    figures: [
      {
        key: "secondsUp",
        label: "`pulumi up` from empty nodes",
        show: seconds,
        target: "2 x plain ssh + 2 s",
      },
      {
        key: "secondsUnchanged",
        label: "again, nothing changed, no connection opened",
        show: seconds,
        target: "3 s",
      },
      { key: "vsAnsible", label: "Ansible takes", show: times, target: "9 x" },
      { key: "vsPyinfra", label: "pyinfra takes", show: times, target: "5 x" },
      { key: "vsSsh", label: "plain parallel ssh, one script a node, takes", show: times, target: "" },
    ],
  },
  scale: {
    title: "Preview of 1,000 nodes, none of them asked",
    command: "npm run bench:scale",
    figures: [
      { key: "secondsPreview1000", label: "`pulumi preview`", show: seconds, target: "60 s" },
      {
        key: "peakMiB",
        label: "most memory of engine, program and plugin together",
        show: (value) => `${Math.round(value)} MiB`,
        target: "1536 MiB",
      },
    ],
  },
};
