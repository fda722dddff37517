"""What was asked of a benchmark, and what that means on the device that is there."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import refuse
from ..order import num_steps
from .shapes import SHAPES, Shape
from .turns import ARMS, Arm


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """The command line, checked; None where it leaves the choice to the shape or the device."""

    out: Path
    keep: Path | None
    device: str
    shape: str | None
    arms: tuple[Arm, ...]
    samples: int | None
    repeats: int | None
    max_steps: int | None
    """0 for all."""
    seed: int


def read_request(arguments: Sequence[str] | None) -> Request:
    """The command line as it was typed; argparse exits with 2 for what it knows to be wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m trainer.bench",
        description="Measure the recipe fast against Transformers' Trainer and PEFT.",
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder for models, data, caches, logs and result.json")
    add("--keep", type=Path, help="also put the result into this folder, named by device and date")
    add("--device", choices=["auto", "cpu", "cuda"], default="auto", help="cuda is also a ROCm device")
    add("--shape", choices=SHAPES, help="default: qwen3-1.7b on a GPU, bundled on a CPU")
    add("--arms", default=",".join(ARMS), help=f"of {','.join(ARMS)}; default all")
    add("--samples", type=int, help="training samples (default: the shape's)")
    add("--repeats", type=int, help="runs of each arm (default: the shape's)")
    add(
        "--max-steps",
        type=int,
        help="optimizer steps of the slow arms, 0 for all (default: the shape's); what is missing is extrapolated from "
        "their median step, and the result says so",
    )
    add("--seed", type=int, default=42, help="of data, weights, training and the order of runs (default 42)")
    options = parser.parse_args(arguments)
    for name, least in (("samples", 1), ("repeats", 1), ("max_steps", 0), ("seed", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise refuse("E_BENCH", f"--{name.replace('_', '-')}: wanted at least {least}, found {value}.")
    return Request(**(vars(options) | {"arms": parse_arms(options.arms)}))


def parse_arms(text: str) -> tuple[Arm, ...]:
    """Names with commas between them, in the arms' own order."""
    names = text.split(",")
    for name in names:
        if name not in ARMS:
            raise refuse("E_BENCH", f"--arms: wanted some of {','.join(ARMS)}, found {name!r} in {text!r}.")
    return tuple(arm for arm in ARMS if arm in names)


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What is measured, complete."""

    name: str
    """Of the shape."""
    shape: Shape
    samples: int
    repeats: int
    full_steps: int
    """Optimizer steps of the whole training."""
    max_steps: int | None
    """Of the slow arms, None for all."""


def settle(request: Request, device: str) -> Task:
    """The request with what the shape says where it says nothing; `device` is cpu or cuda."""
    name = request.shape or ("qwen3-1.7b" if device == "cuda" else "bundled")
    shape = SHAPES[name]
    samples = request.samples or shape.samples
    batch = shape.training["effectiveBatch"]
    if samples % batch or samples > shape.samples:
        raise refuse(
            "E_BENCH",
            f"--samples: wanted a multiple of {batch}, the samples of an optimizer step, and at most {shape.samples} for "
            f"--shape {name}, found {samples}.",
        )
    full_steps = num_steps(
        num_samples=samples, effective_batch=batch, epochs=shape.training["epochs"], max_steps=None
    )
    wanted = shape.max_steps if request.max_steps is None else request.max_steps
    return Task(
        name=name,
        shape=shape,
        samples=samples,
        repeats=request.repeats or shape.repeats,
        full_steps=full_steps,
        max_steps=wanted if wanted and wanted < full_steps else None,
    )
