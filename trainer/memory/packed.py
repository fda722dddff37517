"""How the recipe `fast` lays out a pass: filled up to few lengths where shapes have to repeat."""

from __future__ import annotations

from dataclasses import dataclass

from ..fast.packing import ROW_GRANULARITY, TARGET_GRANULARITY
from .job import Job, Pass

LONGEST_GRANULARITY = 64
"""Of padded attention (fast/inputs.py)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """One row of tokens."""

    tokens: int
    """Filling included."""
    targets: int
    """Rows of the head."""
    sequences: int
    longest: int
    """Columns of padded attention."""


def pack(job: Job, run: Pass) -> Packed:
    """The row of a pass; eager, as it is."""
    if not job.compiled and not job.direct:
        return Packed(tokens=run.tokens, targets=run.targets, sequences=run.samples, longest=run.longest)
    tokens = (run.tokens // ROW_GRANULARITY + 1) * ROW_GRANULARITY
    longest = max(run.longest, tokens - run.tokens)
    return Packed(
        tokens=tokens,
        targets=-(-run.targets // TARGET_GRANULARITY) * TARGET_GRANULARITY,
        sequences=run.samples + 1,
        longest=-(-longest // LONGEST_GRANULARITY) * LONGEST_GRANULARITY,
    )
