"""A training that is over, and can still be looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What a recipe leaves for the profile."""

    make_step: Callable[[], Callable[[], Any]]
    """Gives the forward and backward of the run's typical optimizer step, to be run again and again; collectives are in
    it, so all ranks take part. Nothing that was trained changes."""
    passes: int
    """How often one rank goes through the model in that step."""
    input_seconds: Callable[[], float]
    """Measures what one rank waits for the samples of that step."""
