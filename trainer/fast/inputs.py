"""All passes of a run on the device before its first step: nothing is copied to the device inside the loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..samples import Sample
from .attention import padded_places
from .packing import Pack, lay_out

LONGEST_GRANULARITY = 64


class Inputs(NamedTuple):
    """One pass as tensors; int64 unless said."""

    ids: Any
    """[tokens]"""
    positions: Any
    """[tokens]"""
    places: Any
    """[tokens]; see attention.Layout."""
    label_positions: Any
    """[rows]"""
    targets: Any
    """[rows]"""
    starts: Any
    """int32 [sequences + 1]"""
    divisor: Any
    """fp32 scalar: target tokens of the effective batch."""


def shape_key(inputs: Inputs, *, first: bool) -> Any:
    """What two passes share when one captured graph serves both; see passes.Shape."""
    return first, *(tuple(tensor.shape) for tensor in inputs)


def longest_sequence(packs: Sequence[Pack], *, fixed_shapes: bool) -> int:
    """The length that no sequence of these packs exceeds, filling included; rounded up where shapes repeat."""
    longest = max(
        end - start for pack in packs for start, end in zip(pack.starts, pack.starts[1:], strict=False)
    )
    return -(-longest // LONGEST_GRANULARITY) * LONGEST_GRANULARITY if fixed_shapes else longest


def upload(
    samples: Sequence[Sample],
    packs: Sequence[Pack],
    divisors: Sequence[int],
    *,
    longest: Sequence[int],
    device: Any,
) -> list[Inputs]:
    """The inputs of every pack, each a view of one of three tensors. `divisors` and `longest` have an entry a pack."""
    import torch

    whole: list[int] = []
    starts: list[int] = []
    for pack, length in zip(packs, longest, strict=True):
        row = lay_out(samples, pack)
        whole += (
            row.ids + row.positions + padded_places(pack.starts, length) + row.label_positions + row.targets
        )
        starts += pack.starts
    numbers = torch.tensor(whole, dtype=torch.int64).to(device)
    bounds = torch.tensor(starts, dtype=torch.int32).to(device)
    totals = torch.tensor(divisors, dtype=torch.float32).to(device)
    inputs, at, bound = [], 0, 0
    for index, pack in enumerate(packs):
        sizes = (pack.tokens, pack.tokens, pack.tokens, pack.rows, pack.rows)
        parts = numbers[at : at + sum(sizes)].split(sizes)
        inputs.append(Inputs(*parts, bounds[bound : bound + len(pack.starts)], totals[index]))
        at, bound = at + sum(sizes), bound + len(pack.starts)
    return inputs
