"""The harness and the bare loop do the same work, and their times are compared fairly."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from itertools import pairwise
from math import comb
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_config

from trainer.bench.overhead import CPU_STEPS, describe, make_loop, measure, median_bounds
from trainer.parse import parse_config
from trainer.progress import Progress

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def loop(model_folder: Path, data_folder: Path) -> Any:
    config = parse_config(
        make_config(model_folder, data_folder, recipe="fast", training__effectiveBatch=2), source="test"
    )
    return make_loop(config, CPU, Progress(rank=1))


def test_both_loops_leave_the_same_adapter_and_rewinding_takes_it_back(loop: Any) -> None:
    begun = loop._adapters.flat.clone()
    loop.train()
    inside, losses = loop._adapters.flat.clone(), list(loop._steps.loss)
    assert len(losses) == CPU_STEPS
    assert not torch.equal(inside, begun)
    loop.rewind()
    assert torch.equal(loop._adapters.flat, begun)
    loop.bare()
    assert torch.equal(loop._adapters.flat, inside)
    assert loop._steps.loss == []
    loop.rewind()
    loop.train()
    assert loop._steps.loss == losses


def test_passes_of_both_loops_alternate_and_the_first_of_each_is_not_counted(
    loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    for name in ("train", "bare"):
        monkeypatch.setattr(loop, name, lambda name=name: ran.append(name))
    with redirect_stderr(io.StringIO()):
        found = measure(loop, CPU, budget=0.0)
    assert ran[:2] == ["train", "bare"]
    assert ran[2:] == ["train", "bare", "bare", "train"] * 5
    assert (found["rounds"], found["stepsAPass"]) == (5, CPU_STEPS)


def test_the_overhead_is_the_median_of_the_rounds_ratios() -> None:
    found = describe([(1.1, 1.0), (2.4, 2.0), (1.0, 1.0), (3.0, 1.0), (0.9, 1.0)], 4)
    assert found["overhead"] == pytest.approx(0.1)
    assert found["interval"] == pytest.approx([-0.1, 2.0])
    assert found["stepSecondsBare"] == pytest.approx(0.25)


@pytest.mark.parametrize("count", range(1, 80))
def test_the_interval_holds_the_median_in_95_of_100_and_is_the_narrowest_that_does(count: int) -> None:
    def confidence(low: int, high: int) -> float:
        """That the median lies between the sorted values `low` and `high`, from 0."""
        return sum(comb(count, below) for below in range(low + 1, high + 1)) / 2**count

    low, high = median_bounds(count)
    assert low == count - 1 - high >= 0
    if count >= 6:
        assert confidence(low, high) >= 0.95
        assert confidence(low + 1, high - 1) < 0.95
    else:
        assert (low, high) == (0, count - 1)


def test_more_rounds_never_narrow_less() -> None:
    shares = [(high - low) / count for count in (10, 40, 160) for low, high in [median_bounds(count)]]
    assert all(one > other for one, other in pairwise(shares))
