"""The same samples in the same optimizer steps, in another order within each step: what differs is rounding alone."""

from __future__ import annotations

import random

from ..order import Plan


def reorder(num_rows: int, plan: Plan, *, variant: int, seed: int) -> list[int]:
    """For each place in the file the row to put there, so that every step of `plan` keeps its samples.

    Variant 0 is the order as it was. The plan must take each row at most once: with a row in two steps, moving it in one
    would change the other.
    """
    order = list(range(num_rows))
    if variant == 0:
        return order
    generator = random.Random(f"{seed}/{variant}")
    seen: set[int] = set()
    for step in plan.steps:
        places = [index for micro_batch in step for index in micro_batch]
        if len(set(places)) < len(places) or seen & set(places):
            raise ValueError("the plan takes a row more than once: wanted one epoch of whole steps")
        seen.update(places)
        rows = places[:]
        generator.shuffle(rows)
        for place, row in zip(places, rows, strict=True):
            order[place] = row
    return order
