"""Progress on stderr: one line at least every two seconds, `key=value` words that a person and a program can read."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

INTERVAL_SECONDS = 2.0


class Progress:
    """Where a run stands. Says a line on every change of phase, and repeats the latest one while nothing changes."""

    def __init__(self, *, rank: int, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._rank = rank
        self._interval = interval_seconds
        self._started = time.monotonic()
        self._said = 0.0
        self._line = "phase=start"
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._repeat, daemon=True)

    def __enter__(self) -> Progress:
        if self._rank == 0:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._done.set()

    def phase(self, name: str) -> None:
        """A new phase has begun."""
        self._update(f"phase={name}", always=True)

    def update(self, phase: str, done: int, total: int, **values: float | str) -> None:
        """How far a phase is; said only when the interval has passed, or at the end."""
        words = [f"phase={phase}", f"done={done}/{total}"]
        words += [
            f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
            for key, value in values.items()
        ]
        self._update(" ".join(words), always=done == total)

    def note(self, text: str) -> None:
        """Something that the user should know, once."""
        if self._rank == 0:
            print(f"rocmark: {text}", file=sys.stderr, flush=True)

    def _update(self, line: str, *, always: bool) -> None:
        with self._lock:
            self._line = line
            due = time.monotonic() - self._said >= self._interval
        if always or due:
            self._say()

    def _say(self) -> None:
        if self._rank != 0:
            return
        with self._lock:
            self._said = time.monotonic()
            line = self._line
        print(f"rocmark: {line} elapsed={self._said - self._started:.1f}s", file=sys.stderr, flush=True)

    def _repeat(self) -> None:
        while not self._done.wait(self._interval / 4):
            with self._lock:
                due = time.monotonic() - self._said >= self._interval * 0.9
            if due:
                self._say()
