"""The judgement of a loss curve: it calls few curves strange that are not, and those that are."""

from __future__ import annotations

import random

import pytest

from trainer.bench.curve import EPSILON, FACTOR, WINDOW, judge_curve

STEPS = 40


def test_the_tolerance_is_the_factor_times_the_largest_range_so_far() -> None:
    flat = [1.0] * STEPS
    apart = [*flat[:20], 1.5, *flat[21:]]
    found = judge_curve([*flat[:20], 1.4, *flat[21:]], [flat, apart])
    # Mean of 1 and 1.5 at step 21; before it nothing but the last bit of fp32.
    assert found.distance == pytest.approx(0.15)
    assert found.tolerance == pytest.approx(FACTOR * 0.5)
    assert (found.spread, found.worst_step, found.steps) == (0.5, 21, STEPS)
    assert found.within
    assert not judge_curve([1.01, *flat[1:]], [flat, apart]).within


def test_the_first_steps_are_held_against_the_range_of_the_whole_window() -> None:
    flat = [1.0] * STEPS
    apart = [*flat[: WINDOW - 1], 1.5, *flat[WINDOW:]]
    assert judge_curve([1.4, *flat[1:]], [flat, apart]).within
    late = [*flat[:WINDOW], 1.5, *flat[WINDOW + 1 :]]
    assert not judge_curve([1.4, *flat[1:]], [flat, late]).within


def test_curves_that_agree_to_the_last_bit_leave_room_for_the_last_bits_of_fp32() -> None:
    flat = [2.0] * STEPS
    assert judge_curve([2 + 2 * FACTOR * EPSILON * 0.9] * STEPS, [flat, flat, flat]).within
    assert not judge_curve([2 + 2 * FACTOR * EPSILON * 1.1] * STEPS, [flat, flat, flat]).within


def draw_curve(generator: random.Random, *, together: bool) -> list[float]:
    """A curve that falls, and errs by rounding that grows: in all steps by one draw, or in each by its own."""
    one = generator.gauss(0, 1)
    return [
        10 / step + 1e-4 * step * (one if together else generator.gauss(0, 1)) for step in range(1, STEPS + 1)
    ]


@pytest.mark.parametrize(("together", "most"), [(True, 0.015), (False, 0.001)])
def test_a_curve_that_differs_by_rounding_alone_is_seldom_called_another(together: bool, most: float) -> None:
    generator = random.Random(1)
    trials = 4000
    called = 0
    for _ in range(trials):
        curves = [draw_curve(generator, together=together) for _ in range(4)]
        called += not judge_curve(curves[0], curves[1:]).within
    assert called / trials <= most


@pytest.mark.parametrize("together", [True, False])
def test_a_curve_that_computes_something_else_is_called_another(together: bool) -> None:
    generator = random.Random(2)
    found = 0
    for _ in range(200):
        curves = [draw_curve(generator, together=together) for _ in range(4)]
        # Half a percent of the loss is missing, as when one sample in two hundred is left out.
        found += not judge_curve([0.995 * loss for loss in curves[0]], curves[1:]).within
    assert found >= 180


@pytest.mark.parametrize(
    ("candidate", "baseline"), [([1.0], [[1.0]]), ([], [[], []]), ([1.0, 2.0], [[1.0], [1.0]])]
)
def test_what_cannot_be_compared_is_refused(candidate: list[float], baseline: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="two curves"):
        judge_curve(candidate, baseline)
