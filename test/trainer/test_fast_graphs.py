"""What is captured and which captures are checked, with a device that only takes notes: graphs need a GPU."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import torch

from trainer.fast.graphs import Graphs
from trainer.fast.inputs import Inputs
from trainer.fast.passes import Shape

SHAPES = [Shape(Inputs(*[torch.zeros(size)] * 7), first, 8) for size in (8, 4) for first in (True, False)]


class Notes:
    """Progress that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def update(self, *words: Any) -> None:
        self.told.append(words)


class Stream:
    def wait_stream(self, other: Any) -> None: ...


@pytest.fixture
def capture(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Capture all SHAPES; each replay gives `replayed`, an eager pass ones: (worst difference, eager passes, progress)."""

    def play(replayed: list[float], hip: str | None) -> tuple[float, int, list[tuple[Any, ...]]]:
        total, results, eager = torch.zeros(3), iter(replayed), []

        class Graph:
            def replay(self) -> None:
                total.fill_(next(results))

        captures = nullcontext()
        monkeypatch.setattr(torch.version, "hip", hip)
        for name, stand_in in {
            "graph_pool_handle": lambda: None,
            "Stream": Stream,
            "current_stream": Stream,
            "stream": lambda stream: nullcontext(),
            "empty_cache": lambda: None,
            "CUDAGraph": Graph,
            "graph": lambda graph, pool: captures,
        }.items():
            monkeypatch.setattr(torch.cuda, name, stand_in)

        def run(inputs: Inputs, first: bool) -> None:
            eager.append(first)
            total.fill_(1.0)

        notes = Notes()
        worst = Graphs(run, total).capture_all(SHAPES, notes)  # type: ignore[arg-type]
        return worst, len(eager) - len(SHAPES), notes.told

    return play


def test_on_cuda_the_first_shape_alone_is_checked(capture: Any) -> None:
    worst, eager, told = capture([1.5], None)
    assert (worst, eager) == (0.5, 1)
    assert told == [("compile", done, 4) for done in (1, 2, 3, 4)]


def test_on_rocm_every_shape_is_checked_and_the_worst_counts(capture: Any) -> None:
    worst, eager, _ = capture([1.0, 1.0, 3.0, 1.0], "7.1")
    assert (worst, eager) == (2.0, 4)


def test_a_replay_that_is_not_a_number_is_worse_than_any(capture: Any) -> None:
    worst, _, _ = capture([1.0, float("nan"), 3.0, 1.0], "7.1")
    assert worst != worst
