"""What the harness costs: steps as a run takes them, with clock, record and progress, against the same steps bare.

`python -m trainer.bench.overhead --config CONFIG --seconds S` prints the result as JSON. Both loops run in one process over
one session, rewound before each pass; passes alternate (harness, bare, bare, harness, ...) so that a device that warms up
or a neighbour that takes a core meets both.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from statistics import median
from typing import Any

from ..attempt import prepare_environment
from ..config import Config
from ..data import load_questions
from ..device import synchronise
from ..fast.session import Session
from ..model import add_adapter, load_base
from ..parse import read_config
from ..prepare import garbage_kept, prepare_device
from ..progress import Progress
from ..record import Findings
from ..recorder import Steps
from ..stdout import take_stdout, write_line
from ..tune import encode_all
from ..world import Place, join_world

CPU_STEPS, GPU_STEPS = 4, 40
"""Optimizer steps a pass: half a second on a CPU, two or three on a GPU, where what the last steps leave to read at the
end of a pass must not count as if every step did."""
LEAST_ROUNDS, MOST_ROUNDS = 5, 60
PLACE = Place(rank=0, local_rank=0, size=1)


class Loop(Session):
    """A session that can be taken back to its beginning, and run without the harness."""

    def remember(self) -> None:
        """What `rewind` goes back to."""
        self._first = self._state.parameters.clone()
        self._first_scale = self._state.scale.clone()

    def rewind(self) -> None:
        """As before the first step."""
        import torch

        with torch.no_grad():
            self._state.parameters.copy_(self._first)
            self._state.scale.copy_(self._first_scale)
            for tensor in (*self._state[1:3], *self._state[4:], self._number):
                tensor.zero_()
            self._adapters.write_back()
        self._skips = 0
        for field in fields(self._steps):
            getattr(self._steps, field.name).clear()

    def bare(self) -> None:
        """The device's work of `train`, and nothing else."""
        for step in range(len(self._plan.steps)):
            self._do_step(step)


def make_loop(config: Config, device: Any, progress: Progress) -> Loop:
    """A session over the first steps of a run's own samples and order."""
    steps = GPU_STEPS if device.type == "cuda" else CPU_STEPS
    config = replace(config, training=replace(config.training, max_steps=steps))
    questions = load_questions(config.data, split="train", limit=config.data.train_samples)
    model, tokenizer = load_base(config, device)
    samples, plan = encode_all(questions, tokenizer, config, progress)
    with join_world(config, PLACE, device) as world:
        loop = Loop(
            model=add_adapter(model, config.lora),
            samples=samples,
            plan=plan,
            world=world,
            device=device,
            config=config,
            progress=progress,
            steps=Steps(),
        )
    loop.prepare()
    loop.remember()
    return loop


def measure(loop: Loop, device: Any, budget: float) -> dict[str, Any]:
    """Rounds of four passes until `budget` seconds are over; the overhead is the median of the rounds' ratios, less 1."""

    def clocked(work: Callable[[], None]) -> float:
        loop.rewind()
        synchronise(device)
        begin = time.perf_counter()
        work()
        synchronise(device)
        return time.perf_counter() - begin

    steps = len(loop._plan.steps)
    for work in (loop.train, loop.bare):
        clocked(work)
    rounds: list[tuple[float, float]] = []
    begin = time.perf_counter()
    while len(rounds) < LEAST_ROUNDS or (len(rounds) < MOST_ROUNDS and time.perf_counter() - begin < budget):
        first, bare, again, last = (clocked(work) for work in (loop.train, loop.bare, loop.bare, loop.train))
        rounds.append(((first + last) / 2, (bare + again) / 2))
    return describe(rounds, steps)


def describe(rounds: list[tuple[float, float]], steps: int) -> dict[str, Any]:
    """The result of (seconds inside the harness, seconds bare) of passes of so many steps."""
    ratios = sorted(inside / bare for inside, bare in rounds)
    low, high = median_bounds(len(ratios))
    return {
        "overhead": median(ratios) - 1,
        "interval": [ratios[low] - 1, ratios[high] - 1],
        "stepSecondsInside": median(inside for inside, _ in rounds) / steps,
        "stepSecondsBare": median(bare for _, bare in rounds) / steps,
        "rounds": len(rounds),
        "stepsAPass": steps,
    }


def median_bounds(count: int) -> tuple[int, int]:
    """Which of `count` sorted values hold the median between them with 95 % confidence, from 0; all when count < 6.

    The number of values below the median is binomial with p = 1/2, whatever they are distributed like: the interval
    leaves out at most 2.5 % of it on each side.
    """
    below, tail, term = 0, 0.0, 0.5**count
    while tail + term <= 0.025:
        tail += term
        term *= (count - below) / (below + 1)
        below += 1
    left = max(0, below - 1)
    return left, count - 1 - left


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m trainer.bench.overhead")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    config, _ = read_config(options.config)
    output = take_stdout()
    prepare_environment(config)
    with Progress(rank=0) as progress, garbage_kept():
        device = prepare_device(config, PLACE, Findings())
        loop = make_loop(config, device, progress)
        write_line(output, measure(loop, device, options.seconds))


if __name__ == "__main__":
    main()
