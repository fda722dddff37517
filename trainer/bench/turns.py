"""Which runs there are and in which order: arms take turns, so that a device that warms up slows all of them alike."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Arm = Literal["walkthrough", "trainer", "fast", "liger"]
ARMS: tuple[Arm, ...] = ("walkthrough", "trainer", "fast", "liger")
CURVES = 3
"""Runs of `trainer` that differ in rounding alone: what their loss curves differ by is what rounding does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One process that trains."""

    name: str
    arm: Arm
    cache: Literal["cold", "warm", "other"]
    """State of the compile cache: empty, or as this repeat's cold run left it; `other` is the slow arms' own."""
    repeat: int
    variant: int
    """Order of the samples within each step; see rows.py."""
    max_steps: int | None
    timed: bool
    """False for one that is there for its loss curve alone."""
    evaluated: bool
    """Whether it is asked the validation questions afterwards, which is no part of its time."""


def plan_runs(
    arms: Sequence[Arm], *, repeats: int, max_steps: int | None, seed: int, evaluates: bool
) -> list[Run]:
    """All runs in their order. `max_steps` holds for all arms but `fast`, whose curve then takes a run of its own.

    Within a repeat the order is drawn from the seed, but a cold run comes before the warm one that uses its cache.
    """
    runs = []
    for repeat in range(repeats):
        turns = [(arm, cache) for arm in ARMS if arm in arms for cache in _caches(arm)]
        random.Random(f"{seed}/{repeat}").shuffle(turns)
        if ("fast", "warm") in turns:
            cold, warm = turns.index(("fast", "cold")), turns.index(("fast", "warm"))
            if warm < cold:
                turns[cold], turns[warm] = turns[warm], turns[cold]
        for arm, cache in turns:
            runs.append(
                Run(
                    name=f"{arm}-{repeat}" if arm != "fast" else f"{arm}-{cache}-{repeat}",
                    arm=arm,
                    cache=cache,
                    repeat=repeat,
                    variant=repeat,
                    max_steps=None if arm == "fast" else max_steps,
                    timed=True,
                    # Arms are as accurate as each other only after the same training: not when some end early.
                    evaluated=evaluates and repeat == 0 and cache != "cold" and max_steps is None,
                )
            )
    if "trainer" in arms and "fast" in arms:
        runs += _curve_runs(repeats, max_steps)
    return runs


def _caches(arm: Arm) -> tuple[Literal["cold", "warm", "other"], ...]:
    return ("cold", "warm") if arm == "fast" else ("other",)


def _curve_runs(repeats: int, max_steps: int | None) -> list[Run]:
    """What the timed runs leave out: more orders of `trainer`, and `fast` with the schedule of as few steps."""
    wanted: list[tuple[Arm, int]] = [("trainer", variant) for variant in range(repeats, CURVES)]
    if max_steps is not None:
        wanted.append(("fast", 0))
    return [
        Run(
            name=f"curve-{arm}-{variant}",
            arm=arm,
            cache="warm" if arm == "fast" else "other",
            repeat=repeats - 1 if arm == "fast" else variant,
            variant=variant,
            max_steps=max_steps,
            timed=False,
            evaluated=False,
        )
        for arm, variant in wanted
    ]
