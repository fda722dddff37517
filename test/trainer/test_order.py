"""The order of samples: from the seed alone, the same for any number of ranks."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.order import Plan, micro_batch_seed, num_steps, plan_order


def plan(
    ranks: int, seed: int = 1, num_samples: int = 10, micro_batch: int = 2, effective_batch: int = 8
) -> Plan:
    return plan_order(
        num_samples=num_samples,
        effective_batch=effective_batch,
        micro_batch=micro_batch,
        ranks=ranks,
        steps=5,
        seed=seed,
    )


@pytest.mark.parametrize(
    ("num_samples", "effective_batch", "epochs", "max_steps", "steps"),
    [
        (1900, 16, 2, None, 238),
        (2000, 16, 2, None, 250),
        (10, 16, 1, None, 1),
        (100, 16, 2, 5, 5),
        (30, 10, 0.1, None, 1),
    ],
)
def test_counts_steps(
    num_samples: int, effective_batch: int, epochs: float, max_steps: int | None, steps: int
) -> None:
    found = num_steps(
        num_samples=num_samples, effective_batch=effective_batch, epochs=epochs, max_steps=max_steps
    )
    assert found == steps


def test_the_same_samples_meet_in_each_micro_batch_whatever_the_number_of_ranks() -> None:
    alone = plan(1).micro_batches_of(0)
    for ranks in (2, 4):
        together = [entry for rank in range(ranks) for entry in plan(ranks).micro_batches_of(rank)]
        assert sorted(together) == sorted(alone)


@given(st.integers(1, 50), st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_every_step_is_full_and_no_sample_is_ahead_by_more_than_one(
    num_samples: int, micro_batch: int, ranks: int, share: int, seed: int
) -> None:
    made = plan(ranks, seed, num_samples, micro_batch, effective_batch=micro_batch * ranks * share)
    taken = Counter(index for step in made.steps for micro in step for index in micro)
    assert sum(taken.values()) == 5 * micro_batch * ranks * share
    assert max(taken.values()) - min(taken.get(index, 0) for index in range(num_samples)) <= 1
    assert all(len(made.micro_batches_of(rank)) == 5 * share for rank in range(ranks))


def test_another_seed_is_another_order() -> None:
    assert plan(1, seed=1) == plan(1, seed=1) != plan(1, seed=2)
    seeds = {
        micro_batch_seed(seed=seed, step=step, number=number)
        for seed in (1, 2)
        for step in (0, 1)
        for number in (0, 1)
    }
    assert len(seeds) == 8
