"""A variant of the data has the same samples in the same steps, in another order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.bench.rows import reorder
from trainer.order import plan_order


def steps_of(order: list[int], steps: int, seed: int) -> list[list[int]]:
    """The rows that each step of the trainer's plan finds in a file of this order."""
    plan = plan_order(
        num_samples=len(order), effective_batch=8, micro_batch=2, ranks=1, steps=steps, seed=seed
    )
    return [[order[place] for micro_batch in step for place in micro_batch] for step in plan.steps]


@given(steps=st.integers(1, 6), variant=st.integers(1, 5), seed=st.integers(0, 100))
def test_every_step_keeps_its_samples(steps: int, variant: int, seed: int) -> None:
    rows = 8 * steps
    plan = plan_order(num_samples=rows, effective_batch=8, micro_batch=2, ranks=1, steps=steps, seed=seed)
    order = reorder(rows, plan, variant=variant, seed=seed)
    assert sorted(order) == list(range(rows))
    before, after = steps_of(list(range(rows)), steps, seed), steps_of(order, steps, seed)
    assert [sorted(step) for step in after] == [sorted(step) for step in before]


def test_variant_0_is_the_file_as_it_is_and_others_differ() -> None:
    plan = plan_order(num_samples=16, effective_batch=8, micro_batch=2, ranks=1, steps=2, seed=1)
    orders = [reorder(16, plan, variant=variant, seed=1) for variant in range(3)]
    assert orders[0] == list(range(16))
    assert orders[1] != orders[0] != orders[2] != orders[1]


def test_a_plan_that_takes_a_row_twice_is_refused() -> None:
    plan = plan_order(num_samples=12, effective_batch=8, micro_batch=2, ranks=1, steps=2, seed=1)
    with pytest.raises(ValueError, match="more than once"):
        reorder(12, plan, variant=1, seed=1)
