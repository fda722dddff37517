"""When each step ended, read without making the device wait."""

from __future__ import annotations

import time
from typing import Any

LAG = 4
"""Steps that the host may be ahead of the device: enough to keep it busy, few enough to stop soon."""


class StepClock:
    """Marks the end of steps on the device's own time line; on a CPU the host's clock is the device's."""

    def __init__(self, device: Any, num_values: int) -> None:
        self._device = device
        self._num_values = num_values
        self._marks: list[tuple[Any, Any]] = []

    def start(self) -> None:
        """The moment before the first step."""
        self._marks = [(self._now(), None)]

    def mark(self, values: Any) -> None:
        """A step ended with these numbers [num_values] on the device, which are fetched meanwhile."""
        if self._device.type != "cuda":
            self._marks.append((self._now(), values.tolist()))
            return
        import torch

        kept = torch.empty(self._num_values, dtype=values.dtype, pin_memory=True)
        kept.copy_(values, non_blocking=True)
        self._marks.append((self._now(), kept))

    def read(self, number: int) -> tuple[float, list[float]]:
        """Seconds from the mark before to mark `number` (from 1), and its numbers; waits until it is reached."""
        (before, _), (end, values) = self._marks[number - 1], self._marks[number]
        if self._device.type != "cuda":
            return end - before, values
        end.synchronize()
        return before.elapsed_time(end) / 1000, values.tolist()

    def _now(self) -> Any:
        if self._device.type != "cuda":
            return time.perf_counter()
        import torch

        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event
