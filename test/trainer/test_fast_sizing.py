"""What passes are made of when memory is short: as much as fits, then halves, then recomputation."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import make_config

from trainer.config import Config
from trainer.device import DeviceMemory
from trainer.fast.modes import Modes, describe_sizing, fit_modes
from trainer.fast.sizing import candidates, choose_sizing
from trainer.memory.gpus import usable_gib
from trainer.need import Need
from trainer.order import plan_order
from trainer.parse import parse_config


# What a base of 4 GiB and 1 GiB a sample needs, a tenth of that when recomputed.
def needed(size: int, recompute: bool) -> float:
    return 4 + size * (0.1 if recompute else 1.0)


def test_candidates_are_halves_rounded_up_first_kept_then_recomputed() -> None:
    assert list(candidates(6, may_recompute=True)) == [
        (6, False), (3, False), (2, False), (1, False), (6, True), (3, True), (2, True), (1, True),
    ]  # fmt: skip
    assert list(candidates(1, may_recompute=False)) == [(1, False)]


@pytest.mark.parametrize(
    ("usable", "size", "recompute", "fits"),
    [
        (20.0, 16, False, True),  # 4 + 16
        (19.9, 8, False, True),
        (6.0, 2, False, True),  # 4 + 2
        (5.0, 1, False, True),
        (4.9, 8, True, True),  # one sample needs 5; sixteen recomputed 5.6; eight 4.8
        (4.2, 2, True, True),
        (4.1, 1, True, True),
        (3.0, 1, True, False),  # nothing fits: the least of all
    ],
)
def test_takes_the_first_candidate_that_fits(usable: float, size: int, recompute: bool, fits: bool) -> None:
    found = choose_sizing(16, needed=needed, usable_gib=usable)
    assert (found.samples_at_once, found.recompute, found.fits) == (size, recompute, fits)
    assert found.needed_gib == needed(size, recompute)


def test_recomputes_nothing_where_it_must_not() -> None:
    found = choose_sizing(16, needed=needed, usable_gib=4.9, may_recompute=False)
    assert (found.samples_at_once, found.recompute, found.fits) == (1, False, False)


MODES = Modes(
    attention="varlen", direct=False, compiled=True, graphed=True, samples_at_once=None, recompute=False
)


@pytest.fixture(scope="module")
def config() -> Config:
    changes = {"recipe": "fast", "precision": "bf16", "training__effectiveBatch": 16, "lora__dropout": 0}
    return parse_config(make_config("bundled", "bundled", **changes), source="config.json")


def need_of(config: Config, room_gib: float) -> Need:
    """A real shape and lengths: the bundled model's config, sixteen samples of 200 tokens."""
    import json

    path = Path(__file__).parents[2] / "trainer/bundled/model/config.json"
    plan = plan_order(num_samples=16, effective_batch=16, micro_batch=2, ranks=1, steps=1, seed=0)
    return Need(
        config=config,
        model_config=json.loads(path.read_text()),
        lengths=[200] * 16,
        targets=[80] * 16,
        plan=plan,
        memory=DeviceMemory(accelerator="rocm", total_gib=room_gib, room_gib=room_gib),
    )


def test_a_real_runs_passes_shrink_with_the_memory_that_is_free(config: Config) -> None:
    whole = need_of(config, 1.0).as_run(MODES).predict().peak_gib

    def fitted(room_gib: float) -> Modes:
        need = need_of(config, room_gib)
        modes, sizing = fit_modes(MODES, need, share=16, usable_gib=need.usable_gib, graphs_wanted=False)
        assert not sizing.fits or sizing.needed_gib <= usable_gib(room_gib)
        return modes

    plenty = fitted(2 * whole)
    assert (plenty.samples_at_once, plenty.recompute, plenty.graphed) == (16, False, True)
    less = fitted(0.95 * whole)
    assert less.samples_at_once is not None and less.samples_at_once < 16
    least = fitted(0.01 * whole)
    # What is recomputed is not captured.
    assert (least.recompute, least.graphed) == (True, False)


def test_graphs_that_are_wanted_by_name_leave_only_smaller_passes(config: Config) -> None:
    need = need_of(config, 0.001)
    modes, sizing = fit_modes(MODES, need, share=16, usable_gib=need.usable_gib, graphs_wanted=True)
    assert (modes.samples_at_once, modes.recompute, modes.graphed) == (1, False, True)
    assert not sizing.fits


def test_recomputing_needs_less(config: Config) -> None:
    import dataclasses

    need = need_of(config, 1.0)
    again = need.as_run(dataclasses.replace(MODES, recompute=True))
    assert again.predict().peak_bytes < need.as_run(MODES).predict().peak_bytes


def test_the_log_says_what_was_decided_and_by_which_numbers() -> None:
    fits = choose_sizing(16, needed=needed, usable_gib=12.0)
    assert (
        describe_sizing(fits, share=16, usable_gib=12.0)
        == "fast.samplesAtOnce: 8 of 16 samples a pass; predicted 12.0 GiB of 12.0 GiB usable"
    )
    none = choose_sizing(16, needed=needed, usable_gib=1.0)
    assert describe_sizing(none, share=16, usable_gib=1.0) == (
        "fast.samplesAtOnce: 1 of 16 samples a pass, activations computed again in the backward pass; predicted 4.1 GiB "
        "of 1.0 GiB usable, which it may exceed: nothing smaller is left"
    )
