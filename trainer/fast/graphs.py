"""One captured graph for each shape of a pass: a replay costs the host one launch instead of some thousand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .inputs import Inputs

TOLERANCE = 1e-2
"""Largest difference between a replay's gradients and the eager ones, as a share of their norm. Half-precision sums in
another order differ by some 1e-3; a broken capture differs by whole terms."""


class Graphs:
    """Passes replayed from graphs; `run` is what a graph captures: it reads its inputs and adds to a fixed tensor."""

    def __init__(self, run: Callable[[Inputs, bool], None], total: Any) -> None:
        import torch

        self._run = run
        self._total = total
        self._pool = torch.cuda.graph_pool_handle()
        self._captured: dict[Any, tuple[Any, Inputs]] = {}

    def capture(self, inputs: Inputs, *, first: bool, checked: bool) -> float:
        """Capture the shape of `inputs`; `checked`, replay it on them and say how far the gradients are from the eager ones.

        Of all shapes the first has to be checked: its eager pass sets up what cannot be set up in a capture.
        """
        import torch

        fixed = Inputs(*(tensor.clone() for tensor in inputs))
        if checked:
            # Away from the stream that is captured next, as libraries set themselves up in their first call.
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                self._run(fixed, True)
                eager = self._total.clone()
            torch.cuda.current_stream().wait_stream(side)
            # What the eager pass used lies in the allocator's own pool; the graph takes its memory from another.
            torch.cuda.empty_cache()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            self._run(fixed, first)
        self._captured[self.key(inputs, first=first)] = (graph, fixed)
        if not checked:
            return 0.0
        self._total.zero_()
        self.replay(inputs, first=first)
        return ((self._total - eager).norm() / eager.norm()).item()

    def replay(self, inputs: Inputs, *, first: bool) -> None:
        """The pass, from its shape's graph."""
        import torch

        graph, fixed = self._captured[self.key(inputs, first=first)]
        torch._foreach_copy_(list(fixed), list(inputs))
        graph.replay()

    @staticmethod
    def key(inputs: Inputs, *, first: bool) -> Any:
        """What two passes must share to share a graph."""
        return first, *(tuple(tensor.shape) for tensor in inputs)
