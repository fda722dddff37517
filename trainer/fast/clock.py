"""When each step ended, read without making the device wait."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

LAG = 4
"""Steps that the host may be ahead of the device: enough to keep it busy, few enough to stop soon."""


class StepClock:
    """Marks the end of steps on the device's own time line; on a CPU the host's clock is the device's."""

    def __init__(self, device: Any, num_values: int) -> None:
        self._device = device
        self._num_values = num_values
        self._begin: Any = None
        self._marks: deque[tuple[Any, Any, Any]] = deque()

    @property
    def unread(self) -> int:
        """Steps that were marked and not read."""
        return len(self._marks)

    def start(self) -> None:
        """The moment before the next step: what was done since the last mark belongs to none."""
        self._begin = self._now()

    def mark(self, values: Any) -> None:
        """A step ended with these numbers [num_values] on the device, which are fetched meanwhile."""
        if self._device.type != "cuda":
            kept = values.tolist()
        else:
            import torch

            kept = torch.empty(self._num_values, dtype=values.dtype, pin_memory=True)
            kept.copy_(values, non_blocking=True)
        begin, self._begin = self._begin, self._now()
        self._marks.append((begin, self._begin, kept))

    def read(self) -> tuple[float, list[float]]:
        """Seconds of the oldest step that was not read, and its numbers; waits until the device is through with it."""
        begin, end, values = self._marks.popleft()
        if self._device.type != "cuda":
            return end - begin, values
        end.synchronize()
        return begin.elapsed_time(end) / 1000, values.tolist()

    def _now(self) -> Any:
        if self._device.type != "cuda":
            return time.perf_counter()
        import torch

        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event
