"""How this run of the recipe `fast` goes here: the config's `auto`s, settled for one device."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from ..config import Config
from ..device import torch_dtype
from ..errors import refuse
from ..need import Need
from .architecture import Architecture
from .attention_choice import choose_attention
from .network import heads_of
from .sizing import Sizing, choose_sizing


@dataclass(frozen=True, kw_only=True, slots=True)
class Modes:
    """Speed and memory of a run; none of it changes what is computed but for rounding and dropout's masks."""

    attention: str
    """triton, varlen or padded."""
    compiled: bool
    graphed: bool
    samples_at_once: int | None
    """None for a rank's whole share of the effective batch."""
    recompute: bool


def settle_modes(config: Config, architecture: Architecture, device: Any) -> Modes:
    """What the config and the device say, before memory is looked at; what cannot be had is refused."""
    attention = choose_attention(
        config.fast.attention,
        device=device,
        dtype=torch_dtype(config.precision),
        heads=heads_of(architecture),
        normed=architecture.head_norms,
    )
    compiled, graphed = choose_speed(config, device)
    return Modes(
        attention=attention,
        compiled=compiled,
        graphed=graphed,
        samples_at_once=config.fast.samples_at_once,
        recompute=False,
    )


def choose_speed(config: Config, device: Any) -> tuple[bool, bool]:
    """Whether to compile and whether to capture graphs here."""
    import torch

    on_gpu = device.type == "cuda"
    wanted = config.fast.graphs
    if wanted == "on":
        if not on_gpu:
            raise refuse(
                "E_CONFIG", 'fast.graphs: wanted "on", but graphs need a GPU, and this run is on a CPU.'
            )
        if config.lora.dropout:
            raise refuse(
                "E_CONFIG",
                'fast.graphs: wanted "on", but dropout draws new random numbers in every step, which a graph would '
                'repeat. Use "auto", or lora.dropout 0.',
            )
    compiled = config.fast.compile == "on" or (config.fast.compile == "auto" and on_gpu)
    # On ROCm captured graphs have trained wrongly and aborted (pytorch/pytorch 187715, pytorch/helion 3471): by name only.
    automatic = on_gpu and torch.version.hip is None and not config.lora.dropout
    return compiled, wanted == "on" or (wanted == "auto" and automatic)


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
