"""From what ran when, to shares of the time: pure, so that it can be tested without a device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .kinds import Kind

ORDER: tuple[Kind, ...] = ("attention", "matmul", "communication", "memory")
"""Whose a moment is in which several ran: attention may be made of products, and hidden communication costs nothing."""


class Event(NamedTuple):
    """Something that ran; times in seconds from any origin."""

    name: str
    start: float
    duration: float
    kind: Kind


def union_seconds(intervals: Iterable[tuple[float, float]]) -> float:
    """Seconds that at least one interval of (start, duration) covers: overlapping streams and nested calls count once."""
    total, end = 0.0, float("-inf")
    for start, duration in sorted(intervals):
        if start + duration > end:
            total += start + duration - max(start, end)
            end = start + duration
    return total


def shares_of(
    events: Sequence[Event], *, wall_seconds: float, input_seconds: float = 0.0
) -> dict[str, float]:
    """Shares of `wall_seconds`, each from 0 to 1, that all but `busy` add up to 1; `busy` is its first four together.

    The events come from a profile and the wall time from the same steps undisturbed, so that events can fill more than
    the time there was: then they are scaled to what waiting for input leaves of it, and nothing is left for `launch`.
    """
    if wall_seconds <= 0:
        raise ValueError(f"wall_seconds: wanted more than 0, found {wall_seconds}")
    waited = min(max(input_seconds, 0.0), wall_seconds)
    covered = 0.0
    seconds: dict[str, float] = {}
    for number, kind in enumerate(ORDER, start=1):
        so_far = union_seconds(
            (event.start, event.duration) for event in events if event.kind in ORDER[:number]
        )
        seconds[kind] = max(0.0, so_far - covered)
        covered = max(covered, so_far)
    room = wall_seconds - waited
    scale = min(1.0, room / covered) if covered > 0 else 0.0
    shares = {kind: min(1.0, seconds[kind] * scale / wall_seconds) for kind in ORDER}
    busy = min(1.0, sum(shares.values()))
    waiting = waited / wall_seconds
    return {"busy": busy, **shares, "input": waiting, "launch": max(0.0, 1.0 - busy - waiting)}
