"""How many samples a pass takes, and whether activations are computed again: decided from numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizing:
    """What a rank takes through the model at once."""

    samples_at_once: int
    recompute: bool
    """Keep only the input of each layer, and compute the layer again in the backward pass."""
    needed_gib: float
    """Predicted peak."""
    fits: bool


def candidates(share: int, *, may_recompute: bool) -> Iterator[tuple[int, bool]]:
    """(samples at once, recompute) from the fastest on: the whole share, its half, ... one; then these recomputed.

    Smaller passes come first, because computing every layer again is half of a frozen base's matrix work once more, and halving
    a pass costs far less.
    """
    for recompute in (False, True) if may_recompute else (False,):
        size = share
        yield size, recompute
        while size > 1:
            size = -(-size // 2)
            yield size, recompute


def choose_sizing(
    share: int, *, needed: Callable[[int, bool], float], usable_gib: float, may_recompute: bool = True
) -> Sizing:
    """The fastest candidate whose predicted need is within what is usable; the one that needs least where none is.

    `share` is a rank's samples of the effective batch, `needed` the GiB of a candidate.
    """
    tried = []
    for size, recompute in candidates(share, may_recompute=may_recompute):
        need = needed(size, recompute)
        sizing = Sizing(samples_at_once=size, recompute=recompute, needed_gib=need, fits=need <= usable_gib)
        if sizing.fits:
            return sizing
        tried.append(sizing)
    return min(tried, key=lambda sizing: sizing.needed_gib)
