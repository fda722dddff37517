"""Whether compiling found its code on this machine: a cold start and a warm one are two different measurements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheCounts:
    """The compilers' own counters, of torch.compile since the process began."""

    graphs: int
    """Traced and handed to a backend; of Triton alone, kernels."""
    hits: int
    """Compiled code taken from Inductor's cache on disk; forward and backward of one graph count apart."""
    misses: int
    """Compiled anew, or past the cache."""


def count_cache() -> CacheCounts:
    """The counters now. Imports what torch.compile itself imports, so call it only where something is compiled."""
    from torch._dynamo.utils import counters

    inductor = counters["inductor"]
    return CacheCounts(
        graphs=counters["stats"]["unique_graphs"],
        hits=inductor["fxgraph_cache_hit"],
        misses=inductor["fxgraph_cache_miss"] + inductor["fxgraph_cache_bypass"],
    )


class KernelWatch:
    """Counts Triton's own compilations from now on, for kernels that no torch.compile asks for."""

    def __init__(self) -> None:
        self.hits = self.misses = 0
        try:
            from triton import knobs
        except ImportError:  # no Triton, or one of before 3.4
            return
        before = knobs.compilation.listener

        def listen(*words: Any, cache_hit: bool, **others: Any) -> None:
            self.hits += cache_hit
            self.misses += not cache_hit
            if before is not None:
                before(*words, cache_hit=cache_hit, **others)

        knobs.compilation.listener = listen

    def counts(self) -> CacheCounts:
        """Kernels that were compiled or found on disk since; what lay in memory already counts nowhere."""
        return CacheCounts(graphs=self.hits + self.misses, hits=self.hits, misses=self.misses)


def judge_cache(before: CacheCounts, after: CacheCounts) -> str | None:
    """What was compiled between two counts: `cold`, `warm`, `partly` (some code was there), or None for nothing.

    With its caches switched off Inductor counts neither hits nor misses: that is cold too.
    """
    if after.graphs == before.graphs:
        return None
    hits, misses = after.hits - before.hits, after.misses - before.misses
    if hits == 0:
        return "cold"
    return "warm" if misses == 0 else "partly"
