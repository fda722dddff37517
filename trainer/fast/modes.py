"""How this run of the recipe `fast` goes here: the config's `auto`s, settled for one device."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..config import Config
from ..device import device_kind, torch_dtype
from ..need import Need
from .architecture import Architecture
from .attention_choice import choose_attention
from .kernel_check import find_kernel_problem
from .network import heads_of
from .sizing import Sizing, choose_sizing
from .speed import choose_speed


@dataclass(frozen=True, kw_only=True, slots=True)
class Modes:
    """Speed and memory of a run; none of it changes what is computed but for rounding and dropout's masks."""

    attention: str
    """triton, varlen or padded."""
    direct: bool
    """Forward and backward as direct_network.py writes them out."""
    compiled: bool
    graphed: bool
    samples_at_once: int | None
    """None for a rank's whole share of the effective batch."""
    recompute: bool


def settle_modes(
    config: Config, architecture: Architecture, device: Any, note: Callable[[str], None] = lambda _: None
) -> Modes:
    """What the config and the device say, before memory is looked at; what cannot be had is refused.

    `note` is told which kernels are passed over.
    """
    dtype = torch_dtype(config.precision)
    attention = choose_attention(
        config.fast.attention,
        device=device,
        dtype=dtype,
        heads=heads_of(architecture),
        normed=architecture.head_norms,
        find_other=lambda: find_kernel_problem(architecture, device=device, dtype=dtype),
        note=note,
    )
    direct, compiled, graphed = choose_speed(
        config, attention=attention, accelerator=None if device.type == "cpu" else device_kind(device)
    )
    return Modes(
        attention=attention,
        direct=direct,
        compiled=compiled,
        graphed=graphed,
        samples_at_once=config.fast.samples_at_once,
        recompute=False,
    )


def fit_modes(
    modes: Modes, need: Need, *, share: int, usable_gib: float, graphs_wanted: bool
) -> tuple[Modes, Sizing]:
    """The modes with passes that the memory holds; `share` is a rank's samples of the effective batch.

    What is recomputed is not captured: so where graphs are wanted by name, only the size of a pass may give way.
    """

    def sized(size: int, recompute: bool) -> Modes:
        graphed = modes.graphed and not recompute
        return dataclasses.replace(modes, samples_at_once=size, recompute=recompute, graphed=graphed)

    sizing = choose_sizing(
        share,
        needed=lambda size, recompute: need.as_run(sized(size, recompute)).predict().peak_gib,
        usable_gib=usable_gib,
        may_recompute=not graphs_wanted,
    )
    return sized(sizing.samples_at_once, sizing.recompute), sizing


def describe_sizing(sizing: Sizing, *, share: int, usable_gib: float) -> str:
    """What was decided, for the log."""
    how = f"{sizing.samples_at_once} of {share} samples a pass"
    if sizing.recompute:
        how += ", activations computed again in the backward pass"
    text = f"fast.samplesAtOnce: {how}; predicted {sizing.needed_gib:.1f} GiB of {usable_gib:.1f} GiB usable"
    return text if sizing.fits else f"{text}, which it may exceed: nothing smaller is left"
