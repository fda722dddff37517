"""Which samples each optimizer step takes, and which rank takes which of them: decided before training, from the seed.

The same samples meet in the same micro-batches whatever the number of ranks, so that one node and two can be compared.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All optimizer steps of a run, each a list of micro-batches, each a list of sample indexes."""

    steps: tuple[tuple[tuple[int, ...], ...], ...]
    ranks: int

    def micro_batches_of(self, rank: int) -> list[tuple[int, tuple[int, tuple[int, ...]]]]:
        """What one rank takes, in order: (step, (number of the micro-batch in the step, its samples))."""
        share = len(self.steps[0]) // self.ranks
        return [
            (step, (number, micro_batches[number]))
            for step, micro_batches in enumerate(self.steps)
            for number in range(rank * share, (rank + 1) * share)
        ]


def num_steps(*, num_samples: int, effective_batch: int, epochs: float, max_steps: int | None) -> int:
    """Optimizer steps of a run: enough to see every sample `epochs` times, never more than `max_steps`.

    100 samples in batches of 16 for two epochs are 13 steps: the last batch is filled up from a third permutation,
    because a short one would have to be cut differently for each number of ranks.
    """
    steps = math.ceil(round(num_samples * epochs, 6) / effective_batch)
    return max(1, steps if max_steps is None else min(steps, max_steps))


def plan_order(
    *, num_samples: int, effective_batch: int, micro_batch: int, ranks: int, steps: int, seed: int
) -> Plan:
    """Permutation after permutation of all samples, cut into steps and micro-batches."""
    generator = random.Random(seed)
    stream: list[int] = []
    while len(stream) < steps * effective_batch:
        permutation = list(range(num_samples))
        generator.shuffle(permutation)
        stream.extend(permutation)
    return Plan(
        steps=tuple(
            tuple(
                tuple(stream[start : start + micro_batch])
                for start in range(step * effective_batch, (step + 1) * effective_batch, micro_batch)
            )
            for step in range(steps)
        ),
        ranks=ranks,
    )


def micro_batch_seed(*, seed: int, step: int, number: int) -> int:
    """Seed of what is random inside one micro-batch (dropout): the same on whichever rank it runs."""
    return random.Random(f"{seed}/{step}/{number}").getrandbits(63)
