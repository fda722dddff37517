"""Shares of the time, from events alone: by hand, and for any events at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.efficiency.shares import ORDER, Event, shares_of, union_seconds

times = st.floats(min_value=0, max_value=100)
events = st.lists(st.builds(Event, st.just("any"), times, times, st.sampled_from(ORDER)), max_size=30)


def test_overlapping_and_nested_intervals_count_once() -> None:
    # [0, 2] and [1, 4] are four seconds together, [2, 3] lies within, [6, 7] apart.
    assert union_seconds([(6, 1), (1, 3), (0, 2), (2, 1)]) == 5


def test_a_step_of_ten_seconds_by_hand() -> None:
    found = [
        Event("gemm", 0, 2, "matmul"),
        Event("add", 1, 3, "memory"),  # a second of it beside the product
        Event("flash", 5, 1, "attention"),
        Event("nccl", 5, 2, "communication"),  # a second of it hidden behind attention
    ]
    assert shares_of(found, wall_seconds=10, input_seconds=1) == pytest.approx(
        {
            "busy": 0.6, "attention": 0.1, "matmul": 0.2, "communication": 0.1, "memory": 0.2, "input": 0.1,
            "launch": 0.3,
        }
    )  # fmt: skip


def test_a_profile_longer_than_the_undisturbed_step_leaves_nothing_for_launching() -> None:
    found = [Event("gemm", 0, 9, "matmul"), Event("add", 9, 3, "memory")]
    shares = shares_of(found, wall_seconds=10, input_seconds=2)
    assert shares == pytest.approx(
        {
            "busy": 0.8, "attention": 0, "matmul": 0.6, "communication": 0, "memory": 0.2, "input": 0.2,
            "launch": 0,
        },
        abs=1e-12,
    )  # fmt: skip


def test_a_device_that_did_nothing_only_waited() -> None:
    assert shares_of([], wall_seconds=1)["launch"] == 1


@given(events, st.floats(min_value=1e-3, max_value=1000), times)
def test_shares_lie_between_zero_and_one_and_add_up(
    found: list[Event], wall_seconds: float, input_seconds: float
) -> None:
    shares = shares_of(found, wall_seconds=wall_seconds, input_seconds=input_seconds)
    assert all(0 <= share <= 1 for share in shares.values())
    assert shares["busy"] == pytest.approx(sum(shares[kind] for kind in ORDER))
    assert shares["busy"] + shares["input"] + shares["launch"] == pytest.approx(1)


@given(st.lists(st.tuples(times, times), max_size=30))
def test_a_union_is_no_longer_than_its_parts_and_no_shorter_than_the_longest(
    intervals: list[tuple[float, float]],
) -> None:
    union = union_seconds(intervals)
    longest = max((duration for _, duration in intervals), default=0.0)
    assert longest - 1e-9 <= union <= sum(duration for _, duration in intervals) + 1e-9


def test_a_wall_time_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="wall_seconds: wanted more than 0, found 0"):
        shares_of([], wall_seconds=0)
