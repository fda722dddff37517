"""One captured graph for each shape of a pass: a replay costs the host one launch instead of some thousand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..progress import Progress
from .inputs import Inputs, shape_key
from .passes import Shape

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
        # Away from the stream that is captured, as libraries set themselves up in their first call; one for all shapes,
        # as they take memory for each stream.
        self._side = torch.cuda.Stream()
        self._captured: dict[Any, tuple[Any, Inputs]] = {}

    def capture_all(self, shapes: Sequence[Shape], progress: Progress) -> float:
        """Capture every shape, and say how far the gradients of those that were checked are from the eager ones."""
        import torch

        # Where graphs have trained wrongly before, none is believed without a check of its own.
        every = torch.version.hip is not None
        found = []
        for done, shape in enumerate(shapes, start=1):
            found.append(self.capture(shape.inputs, first=shape.first, checked=every or done == 1))
            progress.update("compile", done, len(shapes))
        # NaN is the worst of all.
        return max(found, key=lambda value: (value != value, value))

    def capture(self, inputs: Inputs, *, first: bool, checked: bool) -> float:
        """Capture the shape of `inputs`; `checked`, replay it on them and say how far the gradients are from the eager ones.

        Of all shapes the first has to be checked: its eager pass sets up what cannot be set up in a capture.
        """
        import torch

        fixed = Inputs(*(tensor.clone() for tensor in inputs))
        if checked:
            self._side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._side):
                self._run(fixed, True)
                eager = self._total.clone()
            torch.cuda.current_stream().wait_stream(self._side)
            # What the eager pass used lies in the allocator's own pool; the graph takes its memory from another.
            torch.cuda.empty_cache()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            self._run(fixed, first)
        self._captured[shape_key(inputs, first=first)] = (graph, fixed)
        if not checked:
            return 0.0
        self._total.zero_()
        self.replay(inputs, first=first)
        return ((self._total - eager).norm() / eager.norm()).item()

    def replay(self, inputs: Inputs, *, first: bool) -> None:
        """The pass, from its shape's graph."""
        import torch

        graph, fixed = self._captured[shape_key(inputs, first=first)]
        torch._foreach_copy_(list(fixed), list(inputs))
        graph.replay()
