"""Cold and warm compiling told apart, from torch.compile's own counters."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trainer.fast.compile_cache import CacheCounts, KernelWatch, count_cache, judge_cache

BEFORE = CacheCounts(graphs=3, hits=2, misses=4)


@pytest.mark.parametrize(
    ("graphs", "hits", "misses", "state"),
    [
        (0, 0, 0, None),  # nothing was compiled since
        (2, 0, 4, "cold"),
        (2, 4, 0, "warm"),
        (2, 1, 3, "partly"),
        (2, 0, 0, "cold"),  # with caches switched off nothing is counted
    ],
)
def test_what_was_compiled_between_two_counts(graphs: int, hits: int, misses: int, state: str | None) -> None:
    after = CacheCounts(graphs=3 + graphs, hits=2 + hits, misses=4 + misses)
    assert judge_cache(BEFORE, after) == state


def test_what_was_compiled_before_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))

    def compile_anew() -> str | None:
        before = count_cache()
        # As in another process: nothing is remembered but what lies on disk.
        torch._dynamo.reset()
        torch.compile(lambda x: (x * 2).relu().sum())(torch.ones(8, requires_grad=True)).backward()
        return judge_cache(before, count_cache())

    assert [compile_anew(), compile_anew()] == ["cold", "warm"]


def test_nothing_was_compiled_where_nothing_asked_for_it() -> None:
    before = count_cache()
    torch.ones(3).sum()
    assert judge_cache(before, count_cache()) is None


def test_kernels_that_triton_compiles_or_finds_are_counted_and_others_still_hear_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    knobs = pytest.importorskip("triton.knobs", reason="Triton comes with torch on Linux alone")
    heard: list[bool] = []
    monkeypatch.setattr(knobs.compilation, "listener", lambda cache_hit, **_: heard.append(cache_hit))
    watch = KernelWatch()
    before = watch.counts()
    for hit in (True, False, True):
        knobs.compilation.listener(src=None, metadata={}, metadata_group={}, times=None, cache_hit=hit)
    assert watch.counts() == CacheCounts(graphs=3, hits=2, misses=1)
    assert judge_cache(before, watch.counts()) == "partly"
    assert heard == [True, False, True]
