"""Samples of a pass in one row of tokens, and rows rounded up to few lengths, so that shapes repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..order import Plan
from ..samples import IGNORED, Sample

ROW_GRANULARITY = 128
"""Tokens. A step of 16 samples has some 3,400: 128 wastes 2 % on average and leaves some ten lengths to capture."""
TARGET_GRANULARITY = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class Pack:
    """One pass: the samples of one rank that go through the model together, each attending to itself alone.

    Sequence i lies at `starts[i]` to `starts[i + 1]`; the last one is filling, of `tokens - starts[-2]` tokens.
    """

    step: int
    number: int
    """Of the pass in its step, counted over all ranks: seeds its dropout."""
    samples: tuple[int, ...]
    starts: tuple[int, ...]
    """len(samples) + 2 entries where there is filling allowed, else len(samples) + 1; the last is the row's length."""
    rows: int
    """Rows of the head: target tokens, and filling."""

    @property
    def tokens(self) -> int:
        """Length of the row, filling included."""
        return self.starts[-1]


def make_packs(
    samples: Sequence[Sample], plan: Plan, *, rank: int, at_once: int | None, fixed_shapes: bool
) -> list[list[Pack]]:
    """The passes of one rank, step by step.

    `at_once` is the most samples a pass; None takes the rank's whole share. With `fixed_shapes` every row is filled up to
    a multiple of ROW_GRANULARITY, and all rows of one length get the same number of head rows.
    """
    steps = []
    for step, micro_batches in enumerate(plan.steps):
        members = [index for micro_batch in micro_batches for index in micro_batch]
        share = len(members) // plan.ranks
        mine = members[rank * share : (rank + 1) * share]
        size = share if at_once is None else min(at_once, share)
        parts = [tuple(mine[start : start + size]) for start in range(0, share, size)]
        steps.append(
            [
                _pack(samples, part, step=step, number=rank * len(parts) + number, fill=fixed_shapes)
                for number, part in enumerate(parts)
            ]
        )
    return _equal_rows(steps) if fixed_shapes else steps


def _pack(samples: Sequence[Sample], members: tuple[int, ...], *, step: int, number: int, fill: bool) -> Pack:
    starts = [0]
    for index in members:
        starts.append(starts[-1] + len(samples[index].input_ids))
    if fill:
        # At least one token of filling: no kernel has to cope with an empty sequence.
        starts.append((starts[-1] // ROW_GRANULARITY + 1) * ROW_GRANULARITY)
    targets = sum(samples[index].num_targets for index in members)
    return Pack(step=step, number=number, samples=members, starts=tuple(starts), rows=targets)


def _equal_rows(steps: list[list[Pack]]) -> list[list[Pack]]:
    """All packs of one shape with the largest number of head rows among them: one graph a shape."""
    largest: dict[tuple[int, int], int] = {}
    for pack in (pack for packs in steps for pack in packs):
        largest[_shape(pack)] = max(largest.get(_shape(pack), 0), pack.rows)
    return [
        [
            Pack(
                step=pack.step,
                number=pack.number,
                samples=pack.samples,
                starts=pack.starts,
                rows=-(-largest[_shape(pack)] // TARGET_GRANULARITY) * TARGET_GRANULARITY,
            )
            for pack in packs
        ]
        for packs in steps
    ]


def _shape(pack: Pack) -> tuple[int, int]:
    return pack.tokens, len(pack.starts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What one pass computes on, as plain numbers."""

    ids: list[int]
    positions: list[int]
    """From 0 in each sample."""
    label_positions: list[int]
    """Where the state lies that predicts each target: the token before it."""
    targets: list[int]
    """IGNORED for filling."""


def lay_out(samples: Sequence[Sample], pack: Pack) -> Row:
    """The tokens of a pack in one row, and where its labels are."""
    ids: list[int] = []
    positions: list[int] = []
    label_positions: list[int] = []
    targets: list[int] = []
    for index in pack.samples:
        sample = samples[index]
        start = len(ids)
        ids.extend(sample.input_ids)
        positions.extend(range(len(sample.input_ids)))
        for place, label in enumerate(sample.labels):
            if label != IGNORED:
                label_positions.append(start + place - 1)
                targets.append(label)
    filling = pack.tokens - len(ids)
    ids.extend([0] * filling)
    positions.extend(range(filling))
    spare = pack.rows - len(targets)
    # A row of filling reads the last token's state and carries no loss.
    label_positions.extend([max(0, len(ids) - 1)] * spare)
    targets.extend([IGNORED] * spare)
    return Row(ids=ids, positions=positions, label_positions=label_positions, targets=targets)
