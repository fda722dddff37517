"""All passes of one rank, step by step, with their inputs on the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..order import Plan
from ..samples import Sample
from .inputs import Inputs, longest_sequence, shape_key, upload
from .packing import Pack, make_packs


class Pass(NamedTuple):
    """One way through the model, forward and backward."""

    pack: Pack
    inputs: Inputs
    longest: int
    """Length that no sequence of it exceeds."""


class Shape(NamedTuple):
    """What is compiled and captured once: a pass that stands for all of its sizes."""

    inputs: Inputs
    first: bool
    """Of its step: it begins the gradients' sum, the others add to it."""
    longest: int


def shapes_of(steps: Sequence[Sequence[Pass]]) -> list[Shape]:
    """One pass of each shape that some steps have, the longest first: in its memory the others find room."""
    shapes: dict[Any, Shape] = {}
    for passes in steps:
        for number, (_, inputs, longest) in enumerate(passes):
            shape = Shape(inputs, number == 0, longest)
            shapes.setdefault(shape_key(inputs, first=shape.first), shape)
    return sorted(shapes.values(), key=lambda shape: -shape.inputs.ids.shape[0])


def make_passes(
    samples: Sequence[Sample],
    plan: Plan,
    *,
    rank: int,
    at_once: int | None,
    fixed_shapes: bool,
    device: Any,
) -> tuple[list[list[Pass]], int]:
    """(the passes of each step, the length that no sequence of the run exceeds); see packing.make_packs."""
    packs = make_packs(samples, plan, rank=rank, at_once=at_once, fixed_shapes=fixed_shapes)
    flat = [pack for step in packs for pack in step]
    divisors = [step_targets(samples, plan, step) for step in range(len(plan.steps))]
    together = longest_sequence(flat, fixed_shapes=fixed_shapes)
    # Repeating shapes need one width for all; without them every pass pads to its own longest sample.
    longest = [together if fixed_shapes else longest_sequence([pack], fixed_shapes=False) for pack in flat]
    inputs = upload(samples, flat, [divisors[pack.step] for pack in flat], longest=longest, device=device)
    passes = iter([Pass(*parts) for parts in zip(flat, inputs, longest, strict=True)])
    return [[next(passes) for _ in step] for step in packs], together


def step_targets(samples: Sequence[Sample], plan: Plan, step: int) -> int:
    """Target tokens of the effective batch, over all ranks."""
    return sum(samples[index].num_targets for part in plan.steps[step] for index in part)
