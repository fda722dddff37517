"""The clock of steps, on a CPU: what belongs to a step, and what to none."""

from __future__ import annotations

import pytest
import torch

from trainer.fast.clock import StepClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StepClock:
    """A clock in a world whose time moves by one second each time that somebody looks."""
    seconds = iter(range(1000))
    monkeypatch.setattr("trainer.fast.clock.time.perf_counter", lambda: float(next(seconds)))
    return StepClock(torch.device("cpu"), num_values=1)


def test_a_step_lasts_from_the_end_of_the_one_before(clock: StepClock) -> None:
    clock.start()
    for value in (5.0, 6.0):
        clock.mark(torch.tensor([value]))
    assert clock.unread == 2
    assert [clock.read(), clock.read()] == [(1.0, [5.0]), (1.0, [6.0])]
    assert clock.unread == 0


def test_what_is_done_between_a_mark_and_a_new_start_belongs_to_no_step(clock: StepClock) -> None:
    clock.start()
    clock.mark(torch.tensor([1.0]))
    for _ in range(10):
        clock._now()  # a checkpoint is written
    clock.start()
    clock.mark(torch.tensor([2.0]))
    assert [clock.read()[0], clock.read()[0]] == [1.0, 1.0]
