"""How far a kernel is from plain operators on this machine, and what is said of one that cannot be used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

TOLERANCE = 2e-2
"""Largest difference between a kernel and plain operators in half precision, relative to the norm of what is wanted."""


def worst_of(pairs: Iterable[tuple[Any, Any]]) -> float:
    """The largest difference of pairs (found, wanted) of tensors; one that is not a number is the largest."""
    differences = (((one - other).float().norm() / other.float().norm()).item() for one, other in pairs)
    return max(differences, key=lambda value: (value != value, value))


def is_within(difference: float) -> bool:
    """Whether a difference is small enough; one that is not a number never is."""
    return difference <= TOLERANCE


def cannot_run(error: Exception) -> str:
    """What is said where a compiler or a driver throws."""
    import torch

    first = (str(error).splitlines() or [""])[0]
    return f"torch {torch.__version__} cannot run it here ({type(error).__name__}: {first})"
